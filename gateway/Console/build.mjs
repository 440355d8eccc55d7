// Makes the bundle in a folder: `node build.mjs ../wwwroot`. The same sources give the same bytes: names have hashes of the content, and nothing tells when or where it was built.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const out = process.argv[2];
await rm(out, { recursive: true, force: true });
await mkdir(join(out, 'assets'), { recursive: true });

const { metafile } = await build({
  entryPoints: { console: 'src/main.ts' },
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"' },
});
const named = extension => '/assets/' + basename(Object.keys(metafile.outputs).find(name => name.endsWith(extension)));

const icon = await readFile('src/icon.svg');
const iconName = `/assets/icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`;
await writeFile(join(out, iconName), icon);

const page = await readFile('src/index.html', 'utf8');
await writeFile(join(out, 'index.html'), page.replace('{script}', named('.js')).replace('{style}', named('.css')).replace('{icon}', iconName));
