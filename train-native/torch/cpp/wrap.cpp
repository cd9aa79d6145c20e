// With the linker's --wrap (build.rs says how): the device that tch calls Vulkan, its number -3, is
// PrivateUse1, which is what PyTorch drives an NPU with and torch-sys has no number for.
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <atomic>

namespace {
constexpr int VULKAN = -3;
constexpr auto NPU = c10::DeviceType::PrivateUse1;
// A program uses one: an index in every tensor's device leaves nothing to a thread's current device.
std::atomic<c10::DeviceIndex> chosen{0};
}  // namespace

extern "C" {

// Weak, because an executable that is linked without --wrap has neither, and never calls what is below.
__attribute__((weak)) int __real_at_device(at::Tensor* tensor);
__attribute__((weak)) c10::Device __real__Z13device_of_inti(int device);

int __wrap_at_device(at::Tensor* tensor) {
  if (tensor->defined() && tensor->device().type() == NPU) return VULKAN;
  return __real_at_device(tensor);
}

c10::Device __wrap__Z13device_of_inti(int device) {
  return device == VULKAN ? c10::Device(NPU, chosen) : __real__Z13device_of_inti(device);
}

// Whether this executable was linked with --wrap.
bool underpaint_npu_wrapped() {
  return __real_at_device != nullptr && __real__Z13device_of_inti != nullptr;
}

void underpaint_npu_choose(int8_t index) { chosen = index; }

}  // extern "C"
