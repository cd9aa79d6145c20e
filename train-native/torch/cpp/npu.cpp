// Ascend's libtorch_npu.so: loaded when it is asked for, so that a program without an NPU needs none.
#include <ATen/Functions.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include "guarded.h"

namespace {
constexpr auto NPU = c10::DeviceType::PrivateUse1;
void* library = nullptr;

template <class F> F found(const char* mangled, const char* name) {
  if (auto* address = dlsym(library, mangled)) return reinterpret_cast<F>(address);
  throw std::runtime_error(std::string("it has no ") + name +
                           ": it is the Python package's, and the one that build_libtorch_npu.py makes is needed");
}

// The library wants to let its streams go before its static objects do.
void finalize() {
  try {
    found<void (*)()>("_ZN9torch_npu12finalize_npuEv", "torch_npu::finalize_npu()")();
  } catch (...) {
    // The program is ending, and its work is done.
  }
}
}  // namespace

extern "C" {

bool underpaint_npu_registered() { return c10::is_privateuse1_backend_registered(); }

// Loads the library, which registers its device, its memory and its kernels, and starts that device.
char* underpaint_npu_load(const char* path, int8_t index) {
  return guarded([&] {
    if (!library && !(library = dlopen(path, RTLD_NOW | RTLD_GLOBAL))) throw std::runtime_error(dlerror());
    auto init = found<void (*)(c10::DeviceIndex)>("_ZN9torch_npu8init_npuEa", "torch_npu::init_npu(DeviceIndex)");
    if (!c10::is_privateuse1_backend_registered()) throw std::runtime_error("it registered no device");
    init(index);
    static const bool registered = std::atexit(finalize) == 0;
    (void)registered;
  });
}

char* underpaint_npu_count(int64_t* count) {
  return guarded([&] { *count = c10::impl::getDeviceGuardImpl(NPU)->deviceCount(); });
}

// `init_npu` prints what goes wrong and returns: a sum tells whether the device computes.
char* underpaint_npu_try(int8_t index) {
  return guarded([&] {
    c10::Device device(NPU, index);
    c10::impl::getDeviceGuardImpl(NPU)->setDevice(device);
    auto two = at::ones({2}, at::TensorOptions().device(device)).sum().to(at::kCPU);
    auto sum = *two.const_data_ptr<float>();
    if (sum != 2) throw std::runtime_error("it says that 1 + 1 is " + std::to_string(sum));
  });
}

// Something else that the library exports.
void* underpaint_npu_symbol(const char* name) { return library ? dlsym(library, name) : nullptr; }

}  // extern "C"
