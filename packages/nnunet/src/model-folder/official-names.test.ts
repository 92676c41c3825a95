/** Against the state dicts of official networks. */
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import { isDuplicateName, officialNames, originalName, unwrappedName } from './official-names.ts';

interface NetworkAttributes {
  readonly state_dict_keys: string[];
  readonly aliases: Record<string, string>;
}

const fixtures = fixtureFolder('network');

describe('names of official state dicts', lacking(fixtures.missing), () => {
  const cases = fixtures.missing
    ? []
    : [
        ...fixtures.casesOf<NetworkAttributes>('PlainConvUNet'),
        ...fixtures.casesOf<NetworkAttributes>('ResidualEncoderUNet'),
      ];

  it.each(cases)('$name', ({ attrs: { state_dict_keys: keys, aliases } }) => {
    const own = keys.filter((name) => !isDuplicateName(name));
    expect(own).toEqual(keys.filter((name) => !Object.hasOwn(aliases, name)));
    for (const [name, original] of Object.entries(aliases)) expect(originalName(name)).toBe(original);
    expect(officialNames(own)).toEqual(keys);
  });
});

it('names lose what wrappers put before them', () => {
  expect(unwrappedName('module._orig_mod.encoder.stem')).toBe('encoder.stem');
  expect(unwrappedName('encoder.module.stem')).toBe('encoder.module.stem');
});
