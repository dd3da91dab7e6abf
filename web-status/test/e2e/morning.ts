import type { Builder, Change } from '../../client/index.ts';
import type { World } from '../mock/world.ts';

const CHANGES = [
  ['Ada Kern <ada@example.org>', 'Open the sluice before the pump stops'], ['Mei Sato <mei@example.org>', 'Read the gauge in whole millimetres'],
  ['Tomás Ruiz <tomas@example.org>', 'Do not warn of ice in summer'], ['Ada Kern <ada@example.org>', 'Tell how long a gate takes'],
] as const;
/** Steps, and which part of a build each takes. */
const STEPS = [['git', 0.05], ['configure', 0.15], ['compile', 0.5], ['test', 0.3]] as const;

/** Lets a world have built for some hours until now, so that there is something to see. */
export function morning(world: World): void {
  const from = world.now() - 3.6 * 3600;
  const changes = CHANGES.map(([author, text], i) => world.change(author, text, ['src/sluice.c'], from + i * 3000));
  const planned = world.builders.flatMap((builder, i) => {
    const builds: { builder: Builder; at: number; took: number; bad: boolean }[] = [];
    for (let k = 0, at = from + 120 + i * 210; at < world.now() - 1500; k++) {
      const took = 420 + ((i * 37 + k * 53) % 9) * 140;
      builds.push({ builder, at, took: Math.min(took, world.now() - at - 60), bad: (i * 5 + k * 3) % 13 === 4 });
      at += took + 240 + ((i + k) % 4) * 420;
    }
    return builds;
  });
  planned.sort((a, b) => a.at - b.at);
  for (const [i, { builder, at, took, bad }] of planned.entries()) {
    const seen = changes.filter((change) => change.when_timestamp < at).slice(-1);
    build(world, builder, seen, Math.round(at), Math.round(took), bad, 1 + (i % 2));
  }
}

function build(world: World, builder: Builder, changes: Change[], at: number, took: number, bad: boolean, worker: number): void {
  const made = world.start(world.request(builder.builderid, 'A change on branch main', changes, at - 15), worker, {}, at);
  let end = at;
  for (const [name, part] of STEPS) {
    const step = world.step(made, name, end);
    end = Math.round(end + took * part);
    const failed = bad && name === 'test';
    world.append(world.log(step, 'stdio'), `hmake ${name}`, ...(failed ? ['etest_gate: expected 4, got 5'] : ['ook']));
    world.finishStep(step, failed ? 2 : 0, failed ? "'make test' failed" : `'make ${name}'`, end);
  }
  world.finish(made, bad ? 2 : 0, end);
}
