/**
 * Wraps an asynchronous function of a module. The module is loaded on the first call.
 * @param pick selects the function
 */
export function lazy<Module, Parameters extends unknown[], Result>(
  load: () => Promise<Module>,
  pick: (module: Module) => (...parameters: Parameters) => Promise<Result>,
): (...parameters: Parameters) => Promise<Result> {
  return async (...parameters) => pick(await load())(...parameters);
}
