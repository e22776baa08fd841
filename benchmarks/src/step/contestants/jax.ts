import { collect, compete } from '../contestant.ts';
import { jaxLossOf } from '../networks/jax.ts';
import type { JaxArray, JaxWeights } from '../networks/jax-library.ts';

compete(async (task, backend) => {
  // jax-js asks `navigator` for a GPU when it is loaded; Node 20 has none.
  globalThis.navigator ??= {} as Navigator;
  const jax = await import('@jax-js/jax');
  const { blockUntilReady, defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = jax;
  if (!(await init(backend)).includes(backend)) throw new Error(`jax-js could not start its backend ${backend}`);
  defaultDevice(backend);
  const weights: JaxWeights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [name, np.array(data).reshape([...shape])]),
  );
  const inputs = np.array(task.inputs).reshape([...task.inputShape]);
  const targets = nn.oneHot(np.array(task.labels), task.sizes.classes);
  const compiled = jit(valueAndGrad(jaxLossOf(jax, task)));
  const run = async () => {
    const result = compiled(tree.ref(weights), inputs.ref, targets.ref) as [JaxArray, JaxWeights];
    await blockUntilReady(result);
    return result;
  };
  return {
    async gradients() {
      const [value, gradients] = await run();
      return {
        loss: (await value.data())[0]!,
        gradients: await collect(task, (name) => gradients[name]!.data()),
      };
    },
    async step() {
      tree.dispose(await run());
    },
  };
});
