/**
 * Whatever computes runs in browsers: from the entries that pages import, no file may be reached that imports one of Node's built-ins, uses one of its
 * globals, or takes a library that is not known to run in a page. Types are no imports; `import()` and `new URL(…, import.meta.url)` are.
 */
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const ENTRIES = [
  'packages/tensor/src/index.ts',
  'packages/tensor/src/browser.ts',
  'packages/nn/src/index.ts',
  'packages/augment/src/index.ts',
  'packages/io/src/index.ts',
  'packages/nnunet/src/index.ts',
];
/** Libraries from npm that run in pages. */
const BROWSER_LIBRARIES: readonly string[] = [
  '@cornerstonejs/codec-charls',
  '@cornerstonejs/codec-libjpeg-turbo-8bit',
  '@cornerstonejs/codec-openjpeg',
  '@cornerstonejs/jpeg-lossless-decoder-js',
  'dicom-parser',
  'fast-png',
  'fflate',
  'geotiff',
  'zarrita',
];
const runsInPages = (specifier: string): boolean =>
  BROWSER_LIBRARIES.some((library) => specifier === library || specifier.startsWith(`${library}/`));
const NODE_GLOBALS: readonly string[] = ['process', 'Buffer', '__dirname', '__filename', 'require', 'setImmediate'];

interface Uses {
  /** What is loaded: paths, packages, built-ins. */
  readonly imports: readonly string[];
  readonly globals: readonly string[];
}

/** What a source file loads and which of Node's globals it names. */
function usesOf(file: string, text: string): Uses {
  const imports: string[] = [];
  const globals: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
      imports.push((node.moduleSpecifier as ts.StringLiteral).text);
    else if (ts.isExportDeclaration(node) && !node.isTypeOnly && node.moduleSpecifier !== undefined)
      imports.push((node.moduleSpecifier as ts.StringLiteral).text);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const target = node.arguments[0]!;
      imports.push(ts.isStringLiteral(target) ? target.text : `an expression: ${target.getText()}`);
    } else if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
      const [target, base] = node.arguments ?? [];
      if (base?.getText() === 'import.meta.url' && target !== undefined && ts.isStringLiteral(target))
        imports.push(target.text);
    } else if (
      (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) &&
      ts.isIdentifier(node.expression) &&
      NODE_GLOBALS.includes(node.expression.text)
    )
      globals.push(node.expression.text);
    if (!ts.isTypeNode(node)) ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return { imports, globals };
}

/** The file of an entry of the workspace's packages: '@voxelgrad/io/node' → …/packages/io/src/node.ts. */
function workspaceEntry(specifier: string): string {
  const [, name, ...rest] = specifier.split('/');
  const folder = join(root, 'packages', name!);
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const target = exports[['.', ...rest].join('/')];
  if (target === undefined) throw new Error(`${specifier} is no entry of a package`);
  return join(folder, target);
}

/** What a page cannot load, each with the way from the entry to it. */
function violations(entry: string): string[] {
  const found: string[] = [];
  const cameFrom = new Map<string, string>([[entry, '']]);
  const wayTo = (file: string): string => {
    const way = [relative(root, file)];
    for (let at = cameFrom.get(file)!; at !== ''; at = cameFrom.get(at)!) way.unshift(relative(root, at));
    return way.join(' → ');
  };
  for (const file of cameFrom.keys()) {
    if (!existsSync(file)) {
      // The folder assets is made by the build.
      if (!file.includes('/assets/')) found.push(`${wayTo(file)} is missing`);
      continue;
    }
    if (!/\.(ts|js)$/.test(file)) continue;
    const { imports, globals } = usesOf(file, readFileSync(file, 'utf8'));
    for (const name of globals) found.push(`${wayTo(file)} uses ${name}`);
    for (const specifier of imports) {
      const target = specifier.startsWith('.')
        ? resolve(dirname(file), specifier)
        : specifier.startsWith('@voxelgrad/')
          ? workspaceEntry(specifier)
          : undefined;
      if (target !== undefined) {
        if (!cameFrom.has(target)) cameFrom.set(target, file);
      } else if (specifier.startsWith('node:') || builtinModules.includes(specifier))
        found.push(`${wayTo(file)} imports ${specifier}`);
      else if (!runsInPages(specifier)) found.push(`${wayTo(file)} imports the library ${specifier}`);
    }
  }
  return found;
}

describe('what pages import needs no Node', () => {
  it.each(ENTRIES)('%s', (entry) => {
    expect(violations(join(root, entry))).toEqual([]);
  });

  it('would be noticed if it did', () => {
    const found = violations(join(root, 'packages/tensor/src/node.ts'));
    expect(found).toContainEqual(expect.stringMatching(/node\.ts → .*cpu\/node\.ts imports node:worker_threads$/));
    expect(found).toContainEqual(expect.stringMatching(/node-gpu\.ts uses process$/));
    expect(found).toContainEqual(expect.stringMatching(/node-gpu\.ts imports the library webgpu$/));
  });
});
