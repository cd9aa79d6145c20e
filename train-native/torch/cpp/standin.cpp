// A libtorch_npu.so without an NPU, for tests of everything around an NPU's kernels: a PrivateUse1 device
// over host memory. What it has no kernel for runs on the CPU, through PyTorch's boxed fallback. Kernels
// that an NPU has and others lack are refused as it refuses them.
//
// It counts what costs a real device dearly: waiting for it. Its memory is the host's, so it cannot catch
// code that reads a device's pointer.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/GeneratorForPrivateuseone.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

using at::Tensor;
using c10::Device;
using c10::DeviceIndex;

namespace {
constexpr auto KIND = c10::DeviceType::PrivateUse1;
// Of one server.
constexpr DeviceIndex COUNT = 8;
thread_local DeviceIndex current = 0;

// What is counted, in the order that `stand_in.rs` reads.
enum Count { READBACKS, UPLOADS, ALLOCATIONS, FALLBACKS, DOUBLES, COUNTS };
std::array<std::atomic<int64_t>, COUNTS> of_all{};
// Of this thread: tests run beside each other.
thread_local std::array<int64_t, COUNTS> of_thread{};
std::mutex names_lock;
std::map<std::string, int64_t> fallback_names;
// Inside a kernel nothing waits: what is copied there is this file's own way to compute.
thread_local int depth = 0;

struct Inside {
  Inside() { depth++; }
  ~Inside() { depth--; }
};

void count(Count what) {
  of_all[what]++;
  of_thread[what]++;
}

struct Memory final : c10::Allocator {
  static void release(void* pointer) { c10::GetCPUAllocator()->raw_deallocate(pointer); }
  c10::DataPtr allocate(size_t bytes) override {
    count(ALLOCATIONS);
    void* pointer = bytes ? c10::GetCPUAllocator()->raw_allocate(bytes) : nullptr;
    return {pointer, pointer, &release, Device(KIND, current)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }
};
Memory memory;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return KIND; }
  Device exchangeDevice(Device device) const override {
    Device before(KIND, current);
    setDevice(device);
    return before;
  }
  Device getDevice() const override { return Device(KIND, current); }
  void setDevice(Device device) const override { uncheckedSetDevice(device); }
  void uncheckedSetDevice(Device device) const noexcept override {
    if (device.index() >= 0) current = device.index();
  }
  c10::Stream getStream(Device device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  DeviceIndex deviceCount() const noexcept override { return COUNT; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { count(READBACKS); }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return COUNT; }
  DeviceIndex getCurrentDevice() const override { return current; }
  // The CPU's own: the same seed draws the same numbers.
  const at::Generator& getDefaultGenerator(DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
  at::Generator getNewGenerator(DeviceIndex = -1) const override { return at::detail::createCPUGenerator(); }
};

// The same memory, seen as a CPU tensor.
Tensor host(const Tensor& tensor) {
  if (!tensor.defined() || tensor.device().type() != KIND) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), at::TensorOptions().dtype(tensor.dtype()));
}

std::optional<Tensor> host(const std::optional<Tensor>& tensor) {
  return tensor && tensor->defined() ? std::optional<Tensor>(host(*tensor)) : std::nullopt;
}

Tensor on(const Tensor& result, Device device) { return result.defined() ? result.to(device) : result; }

Device resolved(std::optional<Device> device) {
  return device && device->index() >= 0 ? *device : Device(KIND, current);
}

at::ScalarType counted(std::optional<at::ScalarType> asked) {
  auto kind = c10::dtype_or_default(asked);
  if (kind == at::kDouble && depth == 0) count(DOUBLES);
  return kind;
}

Tensor empty(c10::IntArrayRef size, std::optional<at::ScalarType> kind, std::optional<c10::Layout>,
             std::optional<Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  c10::DeviceGuard guard(resolved(device));
  c10::DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_generic(size, &memory, keys, counted(kind), format);
}

Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride, std::optional<at::ScalarType> kind,
                     std::optional<c10::Layout>, std::optional<Device> device, std::optional<bool>) {
  c10::DeviceGuard guard(resolved(device));
  c10::DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_strided_generic(size, stride, &memory, keys, counted(kind));
}

void count_copy(const Tensor& from, const Tensor& to) {
  if (depth > 0) return;
  bool from_device = from.device().type() == KIND, to_device = to.device().type() == KIND;
  if (from_device && !to_device) count(READBACKS);
  if (to_device && !from_device) count(UPLOADS);
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool) {
  count_copy(from, to);
  host(to).copy_(host(from));
  return to;
}

Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  count_copy(from, to);
  if (to.sizes() != from.sizes()) to.resize_(from.sizes());
  host(to).copy_(host(from));
  return to;
}

// `convolution` and `convolution_backward` call these two on devices that they do not know, an NPU among them.
Tensor convolution(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, at::IntArrayRef stride,
                   at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                   int64_t groups) {
  Inside inside;
  auto y = at::convolution(host(x), host(weight), host(bias), stride, padding, dilation, transposed, output_padding,
                           groups);
  return on(y, x.device());
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& grad, const Tensor& x, const Tensor& weight,
                                                        at::IntArrayRef stride, at::IntArrayRef padding,
                                                        at::IntArrayRef dilation, bool transposed,
                                                        at::IntArrayRef output_padding, int64_t groups,
                                                        std::array<bool, 3> wanted) {
  Inside inside;
  int64_t channels = transposed ? weight.size(1) * groups : weight.size(0);
  auto sizes = wanted[2] ? at::OptionalIntArrayRef(at::IntArrayRef(&channels, 1)) : at::OptionalIntArrayRef();
  auto [of_x, of_weight, of_bias] = at::convolution_backward(host(grad), host(x), host(weight), sizes, stride, padding,
                                                             dilation, transposed, output_padding, groups, wanted);
  return {on(of_x, x.device()), on(of_weight, x.device()), on(of_bias, x.device())};
}

// Its schema hides that it writes the running statistics, so the boxed fallback would lose them.
std::tuple<Tensor, Tensor, Tensor> batch_norm(const Tensor& x, const std::optional<Tensor>& weight,
                                              const std::optional<Tensor>& bias, const std::optional<Tensor>& mean,
                                              const std::optional<Tensor>& variance, bool training, double momentum,
                                              double epsilon) {
  Inside inside;
  auto [y, saved_mean, saved_inverse] = at::native_batch_norm(host(x), host(weight), host(bias), host(mean),
                                                              host(variance), training, momentum, epsilon);
  return {on(y, x.device()), on(saved_mean, x.device()), on(saved_inverse, x.device())};
}

// The size or the path of what follows depends on values: every device has to be waited for.
bool waits(const std::string& name) {
  static const std::set<std::string> names = {"aten::_local_scalar_dense", "aten::equal",      "aten::is_nonzero",
                                              "aten::nonzero",             "aten::_unique2",   "aten::masked_select",
                                              "aten::unique_dim",          "aten::argwhere"};
  return names.count(name) > 0;
}

void fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& name = op.schema().operator_name().name;
  // torch_npu has no such kernel, and a fallback that moves every weight to the host and back is none.
  TORCH_CHECK_NOT_IMPLEMENTED(name != "aten::_fused_adam_", name, " is not implemented on an NPU");
  if (depth == 0) {
    count(FALLBACKS);
    if (waits(name)) count(READBACKS);
    std::lock_guard<std::mutex> lock(names_lock);
    fallback_names[name]++;
  }
  Inside inside;
  // A view that is a copy would lose what is written into it: `repeat` writes into one.
  at::native::cpu_fallback(op, stack, /*error_on_views=*/true);
}

bool install() {
  c10::register_privateuse1_backend("npu");
  c10::SetAllocator(KIND, &memory);
  static Guard guard;
  static Hooks hooks;
  static c10::impl::DeviceGuardImplRegistrar registrar(KIND, &guard);
  at::RegisterPrivateUse1HooksInterface(&hooks);
  static torch::Library aten(torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  aten.impl("empty.memory_format", &empty);
  aten.impl("empty_strided", &empty_strided);
  aten.impl("_copy_from", &copy_from);
  aten.impl("_copy_from_and_resize", &copy_from_and_resize);
  aten.impl("as_strided", &at::native::as_strided_tensorimpl);
  aten.impl("unfold", &at::native::unfold);
  aten.impl("view", &at::native::view);
  aten.impl("_reshape_alias", &at::native::_reshape_alias);
  aten.impl("resize_", &at::native::resize_);
  aten.impl("set_.source_Storage_storage_offset", &at::native::set_storage_cpu_);
  aten.impl("convolution_overrideable", &convolution);
  aten.impl("convolution_backward_overrideable", &convolution_backward);
  aten.impl("native_batch_norm", &batch_norm);
  static torch::Library all(torch::Library::IMPL, "_", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  all.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>());
  return true;
}

// As the real library does it: by being loaded.
const bool installed = install();
bool started = false;
}  // namespace

// What `cpp/npu.cpp` looks for in the real library.
namespace torch_npu {
__attribute__((visibility("default"))) void init_npu(const DeviceIndex index) {
  started = index < COUNT;
  if (index >= 0 && index < COUNT) current = index;
}

// Tells a test about the program that has run.
__attribute__((visibility("default"))) void finalize_npu() {
  const char* path = std::getenv("UNDERPAINT_STAND_IN_REPORT");
  FILE* file = path && started ? std::fopen(path, "w") : nullptr;
  if (!file) return;
  std::fprintf(file, "{\"readbacks\": %ld, \"uploads\": %ld, \"allocations\": %ld, \"fallbacks\": %ld, \"doubles\": %ld,",
               (long)of_all[READBACKS], (long)of_all[UPLOADS], (long)of_all[ALLOCATIONS], (long)of_all[FALLBACKS],
               (long)of_all[DOUBLES]);
  std::fprintf(file, " \"by_name\": {");
  const char* separator = "";
  for (const auto& [name, times] : fallback_names) {
    std::fprintf(file, "%s\"%s\": %ld", separator, name.c_str(), (long)times);
    separator = ", ";
  }
  std::fprintf(file, "}}\n");
  std::fclose(file);
}
}  // namespace torch_npu

extern "C" __attribute__((visibility("default"))) void underpaint_stand_in_counts(int64_t* out) {
  for (int i = 0; i < COUNTS; i++) out[i] = of_thread[i];
}
