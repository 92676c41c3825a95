/** Everything that the engine's packages export says what it is: a page of the reference without a word helps nobody. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const ENTRIES = ['tensor/src/index.ts', 'tensor/src/browser.ts', 'tensor/src/node.ts', 'nn/src/index.ts'].map(
  (entry) => `${root}packages/${entry}`,
);

const program = ts.createProgram(ENTRIES, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

/** The names that an entry exports without a word about them. */
function undocumented(entry: string): string[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  return checker
    .getExportsOfModule(module)
    .filter((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const known = target.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(root));
      return known === true && target.getDocumentationComment(checker).length === 0;
    })
    .map(({ name }) => name);
}

describe('exports are documented', () => {
  it.each(ENTRIES)('%s', (entry) => expect(undocumented(entry)).toEqual([]));
});
