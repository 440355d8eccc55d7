// Runs the tests of what needs no browser, by Node's own runner.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const out = await mkdtemp(join(tmpdir(), 'console-'));
const tests = (await readdir('test')).filter(name => name.endsWith('.test.ts'));
await build({ entryPoints: tests.map(name => join('test', name)), outdir: out, bundle: true, platform: 'node', format: 'esm', outExtension: { '.js': '.mjs' } });
const { status } = spawnSync(process.execPath, ['--test', ...tests.map(name => join(out, name.replace(/\.ts$/, '.mjs')))], { stdio: 'inherit' });
await rm(out, { recursive: true });
process.exit(status ?? 1);
