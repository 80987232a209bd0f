/** Words that a package's texts are made of, so that an index compresses about as well as a real one: the same seed, the same words. */
export function createWords(seed: number): (length: number) => string {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  const next = (below: number) => {
    // Numerical Recipes' linear congruential generator; its high bits are good enough for text.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const syllables = [
    'an',
    'ber',
    'co',
    'do',
    'el',
    'fin',
    'gra',
    'hu',
    'in',
    'ka',
    'lo',
    'mer',
    'no',
    'or',
    'pe',
    'sta',
  ];
  const word = () => Array.from({ length: 1 + next(3) }, () => syllables[next(syllables.length)]).join('');
  return (length) => {
    let text = word();
    while (text.length < length) text += ` ${word()}`;
    return text.slice(0, length).replace(/ $/, 'x');
  };
}
