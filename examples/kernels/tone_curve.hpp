// From a photograph's pixel to the pixel of a brighter, tone-mapped one, in steps that compose.
#pragma once

#include "pixel.hpp"

#include <hetmap/kernel.hpp>

#include <cmath>
#include <cstdint>

namespace examples {

/// sRGB to linear light (IEC 61966-2-1).
struct linearise {
  HETMAP_FN linear_rgb operator()(rgb8 p) const {
    return {channel(p.r), channel(p.g), channel(p.b)};
  }

 private:
  HETMAP_FN static float channel(std::uint8_t v) {
    float const c = static_cast<float>(v) / 255.0f;
    return c <= 0.04045f ? c / 12.92f : std::pow((c + 0.055f) / 1.055f, 2.4f);
  }
};

/// More light: what a longer exposure would have caught.
struct expose {
  float gain;

  HETMAP_FN linear_rgb operator()(linear_rgb p) const {
    return {gain * p.r, gain * p.g, gain * p.b};
  }
};

/// Reinhard's curve with a white point (Reinhard et al. 2002, equation 4), applied to luminance:
/// dark tones keep their exposure, and light as bright as `white` just reaches 1. Highlights lose
/// some of their colour on the way, as on film, because a saturated colour cannot be as bright as
/// white is.
struct compress_highlights {
  float white;

  HETMAP_FN linear_rgb operator()(linear_rgb p) const {
    float const before = luminance(p);
    float const after = curve(before);
    float const scale = after / (before + 1e-6f);  // black stays black, not 0 / 0
    float const blend = after * after;             // from keeping the hue to film's bleaching
    return {mix(p.r * scale, curve(p.r), blend), mix(p.g * scale, curve(p.g), blend),
            mix(p.b * scale, curve(p.b), blend)};
  }

 private:
  HETMAP_FN static float luminance(linear_rgb p) {  // ITU-R BT.709
    return 0.2126f * p.r + 0.7152f * p.g + 0.0722f * p.b;
  }
  HETMAP_FN float curve(float v) const { return v * (1.0f + v / (white * white)) / (1.0f + v); }
  HETMAP_FN static float mix(float a, float b, float share) { return a + share * (b - a); }
};

/// Linear light to sRGB; what is brighter than the screen's white is cut off there.
struct to_screen {
  HETMAP_FN rgb8 operator()(linear_rgb p) const {
    return {channel(p.r), channel(p.g), channel(p.b)};
  }

 private:
  HETMAP_FN static std::uint8_t channel(float v) {
    float const c = v < 0.0f ? 0.0f : (v > 1.0f ? 1.0f : v);
    float const s = c <= 0.0031308f ? 12.92f * c : 1.055f * std::pow(c, 1.0f / 2.4f) - 0.055f;
    return static_cast<std::uint8_t>(s * 255.0f + 0.5f);
  }
};

}  // namespace examples
