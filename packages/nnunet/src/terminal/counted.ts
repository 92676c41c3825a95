/** A number and what it counts, in the singular or the plural: `1 epoch`, `2 epochs`. */
export const counted = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
