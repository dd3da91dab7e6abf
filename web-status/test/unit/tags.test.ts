import { expect, it } from 'vitest';

import { admits, cycled, stateOf, tagsOf } from '../../src/lib/tags.ts';

const choice = (query: string): ReturnType<typeof tagsOf> => tagsOf(new URLSearchParams(query));

it('wants a tag, then does not want it, then neither', () => {
  let query = new URLSearchParams('tag=slow');
  const states: string[] = [];
  for (let click = 0; click < 3; click++) {
    const { tag, without_tag } = cycled(tagsOf(query), 'linux');
    query = new URLSearchParams([...tag.map((one) => ['tag', one]), ...without_tag.map((one) => ['without_tag', one])]);
    states.push(stateOf(tagsOf(query), 'linux'));
    expect(stateOf(tagsOf(query), 'slow')).toBe('only');
  }
  expect(states).toEqual(['only', 'without', 'any']);
});

it('lets through what has one of the wanted tags and none of the others', () => {
  expect(admits(choice(''), [])).toBe(true);
  expect(admits(choice('tag=a&tag=b'), ['b'])).toBe(true);
  expect(admits(choice('tag=a&tag=b'), ['c'])).toBe(false);
  expect(admits(choice('without_tag=a'), ['a', 'b'])).toBe(false);
  expect(admits(choice('tag=b&without_tag=a'), ['a', 'b'])).toBe(false);
  // Who asks for both, as an old link may, does not want it.
  expect(stateOf(choice('tag=a&without_tag=a'), 'a')).toBe('without');
});
