/**
 * The files of the page. Its scripts are modules of this package, as compiled; where the sources themselves run, their types are taken off first, by the
 * compiler that a checkout has.
 */
import { readFile } from 'node:fs/promises';
import type { Content } from './http-server.ts';
import { pageMarkup } from './page-markup.ts';
import { pageStyle } from './page-style.ts';

/** What scripts may be asked for: the page's, and what they import. */
const modules: ReadonlySet<string> = new Set([
  'report/contour',
  'report/dashboard/loss-trace',
  'report/dashboard/patch-bytes',
  'report/dashboard/page/chart',
  'report/dashboard/page/charts',
  'report/dashboard/page/connection',
  'report/dashboard/page/cursor',
  'report/dashboard/page/curve-style',
  'report/dashboard/page/elements',
  'report/dashboard/page/epoch-table',
  'report/dashboard/page/main',
  'report/dashboard/page/overview',
  'report/dashboard/page/patch-panel',
  'report/dashboard/page/slice-view',
  'report/dashboard/page/words',
  'report/outline-colors',
  'report/slice-counts',
  'report/ticks',
  'train/history',
]);

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const sources = new URL('../../../', import.meta.url);

/** What is at a path below the page's address; undefined where nothing is. */
export async function pageFile(path: string): Promise<Content | undefined> {
  if (path === '') return { type: 'text/html; charset=utf-8', body: pageMarkup };
  if (path === 'style.css') return { type: 'text/css; charset=utf-8', body: pageStyle };
  if (path === 'icon.svg') return { type: 'image/svg+xml', body: icon };
  // Sources import each other with the ending that they have.
  const [, name] = /^modules\/(.*)\.[jt]s$/.exec(path) ?? [];
  if (name === undefined || !modules.has(name)) return undefined;
  const text = await readFile(new URL(name + extension, sources), 'utf8');
  return { type: 'text/javascript; charset=utf-8', body: extension === '.js' ? text : await withoutTypes(text) };
}

async function withoutTypes(source: string): Promise<string> {
  const { transform } = await import('esbuild');
  const { code } = await transform(source, { loader: 'ts', target: 'es2022' });
  return code;
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1d4ed8"/><path d="M3 11 6 6l3 3 4-6" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>';
