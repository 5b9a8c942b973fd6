// queue returns a function that runs asynchronous tasks one after the other, so
// that a release never overtakes the press before it on another connection.
// A task's failure is its caller's and does not stop the next one.
/** @returns {<T>(task: () => Promise<T>) => Promise<T>} */
export function queue() {
  /** @type {Promise<any>} */
  let last = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}
