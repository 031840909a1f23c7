/** Typed lint rules for all TypeScript, and the walls between folders. A rule is an error or it is off. */
import tseslint from 'typescript-eslint';

/** Folder → what it may not import (regular expressions on the import's text). */
const walls = [
  { files: ['emulator/**/*.ts'], forbid: ['^node:', '^vscode$', '@vscode/', 'debug-adapter/', 'extension/', 'cli/'] },
  { files: ['debug-adapter/debug-info/**/*.ts'], forbid: ['^node:', '^vscode$', '@vscode/', '^\\.\\./'] },
  {
    files: ['debug-adapter/**/*.ts'],
    forbid: ['^vscode$', 'emulator/', 'extension/', 'cli/'],
    ignores: ['debug-adapter/debug-info/**', 'debug-adapter/target/emulator-target.ts'],
  },
  { files: ['debug-adapter/target/emulator-target.ts'], forbid: ['^vscode$', 'extension/', 'cli/'] },
  { files: ['extension/**/*.ts'], forbid: ['emulator/', 'cli/'] },
];

export default tseslint.config(
  {
    ignores: ['node_modules', 'dist', 'guest', 'test/e2e/node_modules', '**/*.js', '**/*.mjs', '**/*.cjs', '**/*.d.ts'],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Folders with noUncheckedIndexedAccess need `!` where the root tsconfig, which eslint reads, does not.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      // Thrown so often that collecting a stack trace would cost more than what is done about them.
      '@typescript-eslint/only-throw-error': [
        'error',
        { allow: [{ from: 'file', name: ['CpuException', 'EvaluationError'] }] },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...walls.map(({ files, forbid, ignores }) => ({
    files,
    ...(ignores ? { ignores } : {}),
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: forbid.map((regex) => ({ regex, message: 'This import crosses a wall: see ARCHITECTURE.md.' })) },
      ],
    },
  })),
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
