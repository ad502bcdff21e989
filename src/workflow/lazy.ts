/**
 * An asynchronous function of a module that is loaded when the function is first called.
 * @param pick the function
 */
export function lazy<Module, Parameters extends unknown[], Result>(
  load: () => Promise<Module>,
  pick: (module: Module) => (...parameters: Parameters) => Promise<Result>,
): (...parameters: Parameters) => Promise<Result> {
  return async (...parameters) => pick(await load())(...parameters);
}
