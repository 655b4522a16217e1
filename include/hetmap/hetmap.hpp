// hetmap: map a function over data on whichever of the CPU cores and the GPU finishes first.
#pragma once

#include <hetmap/array.hpp>
#include <hetmap/concepts.hpp>
#include <hetmap/decisions.hpp>
#include <hetmap/device_span.hpp>
#include <hetmap/error.hpp>
#include <hetmap/future.hpp>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/map.hpp>
#include <hetmap/memory.hpp>
#include <hetmap/operation.hpp>
#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/progress.hpp>
#include <hetmap/reduce.hpp>
#include <hetmap/sink.hpp>
#include <hetmap/stop.hpp>
#include <hetmap/stream.hpp>
#include <hetmap/topology.hpp>
#include <hetmap/tuple.hpp>
#include <hetmap/vector.hpp>
#include <hetmap/wait.hpp>
