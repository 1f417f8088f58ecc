// Lint rules: few, type-aware where a type finds a real mistake. Layout is prettier's business.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['.*/**', 'dist', 'runs', 'data', '**/node_modules', '**/.build', 'test/toolchain/fixtures'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.base,
  {
    files: ['**/*.ts'],
    ignores: ['bench/**'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // The recipe of docs/lint.md, more lenient with what is not a tensor.
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        {
          allowNullableObject: true,
          allowNullableBoolean: true,
          allowNullableString: true,
          allowNullableNumber: true,
          allowNullableEnum: true,
          allowAny: true,
        },
      ],
    },
  },
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-debugger': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  // A type test only looks at types.
  { files: ['test/types/**'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  { files: ['src/**'], rules: { 'no-console': 'error' } },
);
