import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['node_modules/', '.quire/', 'cdk.out/', 'dist/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // Numbers and branded numbers are printed everywhere in a protocol server.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An interface's asynchronous method may have an implementation that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // `as T` says what is known of an index that was checked; `!` says nothing, and is not used.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // A protocol handles control characters by design.
      'no-control-regex': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },
  { files: ['*.config.js'], languageOptions: { globals: { process: 'readonly' } } },
  prettier,
);
