#include "ceilings.hpp"

#include "check.hpp"

#include <algorithm>
#include <string_view>

namespace bench::gpu {

ceilings measure_ceilings(copy_sizes const& bytes, seconds budget, block const& device,
                          block const& pinned, block const& pageable, report& to,
                          cudaStream_t stream) {
  ceilings found;
  cudaStream_t other = nullptr;
  check(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  auto const rate = [](std::size_t moved, timing const& t) {
    return 1e-9 * static_cast<double>(moved) / t.median;
  };
  // times: how often each byte moves.
  auto const note = [&](std::string_view what, std::string_view how, std::size_t size,
                        unsigned times, timing const& t) {
    to.add("ceiling", what, how, size / 4, static_cast<double>(times * size), t, 0);
  };

  columns_of on_device(device);
  column_memory const a = on_device.next(bytes.device), b = on_device.next(bytes.device);
  auto const t_device = measure(budget, [&] {
    check(cudaMemcpyAsync(b.data, a.data, bytes.device, cudaMemcpyDeviceToDevice, stream));
    check(cudaStreamSynchronize(stream));
  });
  found.device_copy = rate(2 * bytes.device, t_device);
  note("device-copy", "cudaMemcpy", bytes.device, 2, t_device);
  note("launch", "cudaMemset+sync", 4, 1, measure(budget, [&] {
         check(cudaMemsetAsync(a.data, 0, 4, stream));
         check(cudaStreamSynchronize(stream));
       }));

  columns_of on_host(pinned);
  column_memory const in = on_host.next(bytes.host), out = on_host.next(bytes.host);
  auto const copy_in = [&](void const* from) {
    check(cudaMemcpyAsync(a.data, from, bytes.host, cudaMemcpyHostToDevice, stream));
  };
  auto const copy_out = [&](void* into) {
    check(cudaMemcpyAsync(into, b.data, bytes.host, cudaMemcpyDeviceToHost, other));
  };
  auto const become_idle = [&] {
    check(cudaStreamSynchronize(stream));
    check(cudaStreamSynchronize(other));
  };
  auto const t_in = measure(budget, [&] {
    copy_in(in.data);
    become_idle();
  });
  auto const t_out = measure(budget, [&] {
    copy_out(out.data);
    become_idle();
  });
  auto const t_both = measure(budget, [&] {
    copy_in(in.data);
    copy_out(out.data);
    become_idle();
  });
  found.in = rate(bytes.host, t_in);
  found.out = rate(bytes.host, t_out);
  found.both = rate(2 * bytes.host, t_both);
  note("pinned-in", "cudaMemcpy", bytes.host, 1, t_in);
  note("pinned-out", "cudaMemcpy", bytes.host, 1, t_out);
  note("pinned-both", "cudaMemcpy", bytes.host, 2, t_both);
  note("pageable-in", "cudaMemcpy", bytes.host, 1, measure(budget, [&] {
         copy_in(pageable.data());
         become_idle();
       }));
  check(cudaStreamDestroy(other));
  return found;
}

seconds least_copy_time(case_description const& what, double column_bytes, ceilings const& c) {
  double const in = what.inputs * column_bytes * 1e-9;
  double const out = what.outputs * column_bytes * 1e-9;
  // As much as goes both ways goes at the duplex rate, the rest one way.
  double const duplex = std::min(in, out);
  return seconds(2 * duplex / c.both + (in - duplex) / c.in + (out - duplex) / c.out);
}

}  // namespace bench::gpu
