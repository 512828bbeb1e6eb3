// Bundles main.jsx: node build.mjs FOLDER
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

await build({
  absWorkingDir: here,
  entryPoints: ['main.jsx'],
  bundle: true,
  minify: true,
  outfile: join(process.argv[2], 'main.js'),
  format: 'iife',
  jsx: 'automatic',
  logLevel: 'warning',
  define: { global: 'window', 'process.env.NODE_ENV': '"production"' },
  loader: { '.svg': 'dataurl', '.ttf': 'empty', '.woff2': 'empty', '.png': 'empty' },
});
