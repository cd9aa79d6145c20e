// What a device's allocator says of itself.
#include <c10/core/CachingDeviceAllocator.h>
#include "guarded.h"

extern "C" {

// Largest number of bytes in tensors at one time; -1 from allocators that do not count.
char* underpaint_device_peak(bool npu, int8_t index, int64_t* bytes) {
  return guarded([&] {
    auto kind = npu ? c10::DeviceType::PrivateUse1 : c10::DeviceType::CUDA;
    auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(kind));
    *bytes = allocator && allocator->initialized() ? allocator->getDeviceStats(index).allocated_bytes[0].peak : -1;
  });
}

}  // extern "C"
