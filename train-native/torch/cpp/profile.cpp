// Where the time of libtorch's operations goes.
#include <ATen/record_function.h>
#include <chrono>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <vector>
#include "guarded.h"

namespace {

struct Frame {
  int64_t start, children;
};
struct Total {
  int64_t nanoseconds = 0, calls = 0;
};

thread_local std::vector<Frame> frames;
std::mutex guard;
std::map<std::string, Total> totals;
at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;

// Of this thread's work, where the system tells it: what other programs take does not count.
int64_t now() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
#else
  auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
#endif
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction&) {
  frames.push_back({now(), 0});
  return nullptr;
}

void leave(const at::RecordFunction& function, at::ObserverContext*) {
  if (frames.empty()) return;
  auto frame = frames.back();
  frames.pop_back();
  auto time = now() - frame.start;
  if (!frames.empty()) frames.back().children += time;
  std::lock_guard<std::mutex> lock(guard);
  auto& total = totals[function.name()];
  total.nanoseconds += time - frame.children;
  total.calls++;
}

}  // namespace

extern "C" {

char* underpaint_profile_start() {
  return guarded([&] {
    if (handle != at::INVALID_CALLBACK_HANDLE) return;
    totals.clear();
    handle = at::addGlobalCallback(at::RecordFunctionCallback(enter, leave).scopes({at::RecordScope::FUNCTION}));
  });
}

// report: lines of nanoseconds, calls and name, for the caller to free.
char* underpaint_profile_stop(char** report) {
  return guarded([&] {
    if (handle != at::INVALID_CALLBACK_HANDLE) at::removeCallback(handle);
    handle = at::INVALID_CALLBACK_HANDLE;
    std::string text;
    std::lock_guard<std::mutex> lock(guard);
    for (auto& [name, total] : totals)
      text += std::to_string(total.nanoseconds) + " " + std::to_string(total.calls) + " " + name + "\n";
    *report = strdup(text.c_str());
  });
}

}  // extern "C"
