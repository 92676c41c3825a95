/** A case in the private file system of a page. */
import { expect, it } from 'vitest';
import { preprocessedCase } from '../testing/preprocessed-case.ts';
import { caseInDirectory } from './directory-handle.ts';
import { isStored, openCase } from './open.ts';
import { storeCase } from './write.ts';

it("keeps a case in the page's storage", async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(`case-${Date.now()}`, { create: true });
  const place = caseInDirectory(folder);
  expect(await isStored(place)).toBe(false);
  const original = preprocessedCase([9, 10, 11], 2);
  await storeCase(place, original, { patchSize: [8, 8, 8], key: 'k' });
  expect(await isStored(caseInDirectory(folder), 'k')).toBe(true);
  expect(await (await openCase(caseInDirectory(folder))).whole()).toEqual(original);
  await root.removeEntry(folder.name, { recursive: true });
});
