/** Imported before a program: at its end it says on standard error, as JSON, which modules it has loaded. */
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(JSON.stringify(loaded)));
