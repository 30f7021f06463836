// The dose of an activity image in a browser or in Node.js, with the module that examples/webassembly.rs becomes.

/** Load the module from its bytes; the function that comes back computes doses in Gy. */
export async function load(bytes) {
  const module = await WebAssembly.compile(bytes);
  // A dependency asks for the time of the page, but only in the optimization of activities, which is not called here.
  const unused = new Proxy({}, { get: (_, name) => () => { throw new Error(`${name} is not there`); } });
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).map((each) => [each.module, unused]));
  const core = (await WebAssembly.instantiate(module, imports)).exports;

  /** Activity concentration in MBq/mL, shape and voxel size in the order k, j, i. */
  return function dose(activity, shape, voxelSizeMm, densityGPerMl) {
    const at = core.activity_concentration(activity.length);
    new Float64Array(core.memory.buffer, at, activity.length).set(activity);
    const doses = core.dose(...shape, ...voxelSizeMm, densityGPerMl);
    if (doses === 0) {
      const message = new Uint8Array(core.memory.buffer, core.message(), core.message_length());
      throw new RangeError(new TextDecoder().decode(message));
    }
    // The memory of the module may have grown, which makes views of before useless.
    return new Float64Array(core.memory.buffer, doses, activity.length).slice();
  };
}
