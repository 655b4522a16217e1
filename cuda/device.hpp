// One GPU, over the CUDA runtime.
#pragma once

#include "../src/device.hpp"

#include <cstddef>
#include <string>

namespace hetmap::cuda_half {

class cuda_device final : public core::device {
 public:
  cuda_device(int index, std::string name, std::string identity)
      : index_(index), name_(std::move(name)), identity_(std::move(identity)) {}

  /// Makes the device's context, if nobody has.
  core::status start() noexcept;

  char const* name() const noexcept override { return name_.c_str(); }
  unsigned index() const noexcept override { return static_cast<unsigned>(index_); }
  char const* identity() const noexcept override { return identity_.c_str(); }

  core::status allocate(void*& block, std::size_t bytes) noexcept override;
  void free(void* block) noexcept override;
  core::status pin(void*& block, std::size_t bytes) noexcept override;
  void unpin(void* block) noexcept override;
  core::status memory(core::memory_sizes& sizes) noexcept override;
  core::status locate(core::memory_range* ranges, std::size_t count) noexcept override;

  core::status create(stream& made) noexcept override;
  void destroy(stream made) noexcept override;
  core::status create_event(event& made) noexcept override;
  void destroy_event(event made) noexcept override;
  core::status record(event e, stream in) noexcept override;
  core::status wait(stream in, event e) noexcept override;
  core::status query(event e, bool& completed) noexcept override;
  core::status block_until(event e) noexcept override;
  core::status block_until_idle(stream in) noexcept override;
  core::status capturing(stream in, bool& captured) noexcept override;

  core::status copy_in(stream in, void* to_device, void const* from_host,
                       std::size_t bytes) noexcept override;
  core::status copy_out(stream in, void* to_host, void const* from_device,
                        std::size_t bytes) noexcept override;
  core::status copy_within(stream in, void* to, void const* from,
                           std::size_t bytes) noexcept override;
  core::status launch(stream in, detail::gpu_form const& form,
                      detail::gpu_launch work) noexcept override;

  void begin_group() noexcept override;
  void end_group() noexcept override;

 private:
  int index_;
  std::string name_;
  std::string identity_;
};

}  // namespace hetmap::cuda_half
