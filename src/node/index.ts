// The entry point `cotangent/node`: what needs Node itself, namely files.
export { readBytes, readText, readWith, writableFolder, writeAtomic } from './files.ts';
export { loadCheckpoint, readCsv, readIdx, readSafetensors, saveCheckpoint, writeSafetensors } from './formats.ts';
export { statusLine, type LineStream, type StatusLine } from './terminal.ts';
export { webgpuDevice, webgpuDeviceTask, type NodeGpuOptions } from './webgpu.ts';
