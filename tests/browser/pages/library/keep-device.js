/** Keeps the GPU device that is asked for in this thread, so that a test can take it away. */

const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  globalThis.keptDevice = await requestDevice.call(this, descriptor);
  return globalThis.keptDevice;
};
