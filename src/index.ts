// The entry point: the one file with a side effect, which installs the default evaluator and the fluent methods.
import { installMethods } from './core/fluent.ts';
import { setEvaluator } from './core/interpreter.ts';
import { setDefaultBackend } from './jit/backend.ts';
import { evaluateEagerly } from './jit/eager.ts';
import { createWasmDevice } from './wasm/device.ts';

installMethods();
setEvaluator(evaluateEagerly);
setDefaultBackend(createWasmDevice());

export * from './public.ts';
