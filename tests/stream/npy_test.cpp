// .npy files: NumPy's own are read, what is not served is refused by name, ours are what NumPy
// makes.
#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

namespace npy = hetmap::npy;

std::string sample(std::string const& name) { return std::string(NPY_SAMPLES) + "/" + name; }

std::string bytes_of(std::string const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::span<std::byte const> as_bytes(std::string const& s) {
  return std::as_bytes(std::span(s.data(), s.size()));
}

class temporary {
 public:
  explicit temporary(std::string const& name)
      : path_(testing::TempDir() + "hetmap_" + std::to_string(getpid()) + "_" + name) {}
  ~temporary() { std::filesystem::remove(path_); }
  temporary(temporary const&) = delete;
  temporary& operator=(temporary const&) = delete;
  [[nodiscard]] std::string const& path() const { return path_; }

 private:
  std::string path_;
};

template <class T>
class NpyTypes : public testing::Test {};
using types = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                             std::uint16_t, std::uint32_t, std::uint64_t, float, double,
                             std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(NpyTypes, types);

template <class T>
std::string file_name() {
  auto const t = npy::type_of<T>;
  return std::string(1, t.kind).append(std::to_string(t.bytes)).append(".npy");
}

TYPED_TEST(NpyTypes, NumPysFilesReadBackEqual) {
  std::vector<TypeParam> expected;
  for (TypeParam const v : std::array<TypeParam, 6>{1, 4, 7, 10, 13, 16}) expected.push_back(v);
  std::string const path = sample(file_name<TypeParam>());

  npy::mapped<TypeParam> const whole(path);
  EXPECT_EQ(whole.shape(), (std::vector<std::size_t>{2, 3}));
  EXPECT_TRUE(std::ranges::equal(whole, expected));
  EXPECT_EQ(whole.rows().size(), 2u);
  EXPECT_TRUE(std::ranges::equal(whole.rows()[1], std::span(expected).subspan(3)));

  npy::reader<TypeParam> stream(path);
  EXPECT_EQ(stream.shape(), whole.shape());
  EXPECT_TRUE(std::ranges::equal(stream, expected));

  std::vector<TypeParam> got(6);
  npy::reader<TypeParam> bulk(path);
  bulk.skip(2);
  EXPECT_EQ(bulk.read(got), 4u);
  EXPECT_TRUE(std::ranges::equal(std::span(got).first(4), std::span(expected).subspan(2)));
}

TYPED_TEST(NpyTypes, WhatIsWrittenIsWhatNumPyWrites) {
  temporary const file("types.npy");
  npy::mapped<TypeParam> const in(sample(file_name<TypeParam>()));
  npy::write(file.path(), in, in.shape());
  std::string const ours = bytes_of(file.path()), numpys = bytes_of(sample(file_name<TypeParam>()));
  EXPECT_EQ(ours, numpys);
  EXPECT_EQ(npy::inspect(file.path()).data_offset % 64, 0u);
}

TEST(Npy, EveryVersionIsRead) {
  for (char const version : {'1', '2', '3'}) {
    std::string const path = sample(std::string("version_") + version + ".npy");
    EXPECT_EQ(npy::mapped<double>(path).data()[4], 4.0);
    EXPECT_TRUE(std::ranges::equal(npy::reader<double>(path), std::vector<double>{0, 1, 2, 3, 4}));
  }
  EXPECT_EQ(npy::mapped<double>(sample("empty.npy")).size(), 0u);
  EXPECT_EQ(npy::mapped<double>(sample("empty.npy")).shape(), (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(npy::mapped<double>(sample("scalar.npy")).data()[0], 7.0);
}

template <class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (npy::format_error const& e) {
    return e.what();
  } catch (hetmap::io_error const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Npy, WhatIsNotServedIsRefusedByName) {
  for (auto const& [name, what] :
       std::initializer_list<std::pair<char const*, char const*>>{{"fortran", "Fortran order"},
                                                                  {"big_endian", "big-endian"},
                                                                  {"bool", "'|b1'"},
                                                                  {"half", "'<f2'"},
                                                                  {"text", "'<U3'"},
                                                                  {"records", "records"},
                                                                  {"objects", "'|O'"}}) {
    std::string const path = sample(std::string(name) + ".npy");
    for (std::string const& said : {refusal([&] { return npy::reader<double>(path); }),
                                    refusal([&] { return npy::mapped<double>(path); }),
                                    refusal([&] { return npy::inspect(path); })}) {
      EXPECT_NE(said.find(what), std::string::npos) << said;
      EXPECT_NE(said.find(path), std::string::npos) << said;
    }
  }
  EXPECT_NE(refusal([] { return npy::reader<float>(sample("f8.npy")); }).find("<f8, not <f4"),
            std::string::npos);
  EXPECT_NE(refusal([] { return npy::reader<float>(sample("missing.npy")); }).find("missing.npy"),
            std::string::npos);
}

TEST(Npy, ACutFileIsRefusedAtEveryLength) {
  std::string const whole = bytes_of(sample("f8.npy"));
  temporary const file("cut.npy");
  for (std::size_t n = 0; n != whole.size(); ++n) {
    std::ofstream(file.path(), std::ios::binary) << whole.substr(0, n);
    EXPECT_THROW(npy::reader<double>(file.path()), npy::format_error) << n;
    EXPECT_THROW(npy::mapped<double>(file.path()), npy::format_error) << n;
  }
}

/// A file's front with this text as its header.
std::string front_with(std::string const& text) {
  std::string out("\x93NUMPY\1\0", 8);
  out += static_cast<char>(text.size() & 255);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

TEST(Npy, HeadersInAnyPythonSpelling) {
  for (char const* const text :
       {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f8\"}",
        "  { 'shape' : ( 2L , 3L , ) , 'descr' : '<f8' , 'fortran_order' : False }  \n"}) {
    auto const h = npy::parse_header(as_bytes(front_with(text)));
    EXPECT_EQ(h.shape, (std::vector<std::size_t>{2, 3}));
    EXPECT_EQ(h.type, npy::type_of<double>);
  }
}

TEST(Npy, DamagedHeadersAreRefused) {
  for (char const* const text :
       {"",
        "{",
        "{}",
        "{'descr': '<f8'}",
        "[1, 2]",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)} x",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 5}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (5)}",
        "{'descr': '<f8', 'fortran_order': Falsch, 'shape': (5,)}",
        "{'descr': '<f8, 'fortran_order': False, 'shape': (5,)}",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (5,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (5,), 'more': 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<i3', 'fortran_order': False, 'shape': (5,)}",
        "{'descr': '<c4', 'fortran_order': False, 'shape': (5,)}",
        "{'descr': '', 'fortran_order': False, 'shape': (5,)}"})
    EXPECT_THROW(static_cast<void>(npy::parse_header(as_bytes(front_with(text)))),
                 npy::format_error)
        << text;
  EXPECT_THROW(
      static_cast<void>(npy::parse_header(as_bytes(std::string("\x93NUMPY\4\0\0\0\0\0", 12)))),
      npy::format_error);
}

TEST(Npy, HeadersSurviveMakingAndParsing) {
  std::mt19937_64 random(7);
  for (int k = 0; k != 500; ++k) {
    std::vector<std::size_t> shape(random() % 5);
    for (auto& n : shape) n = random() % 9 == 0 ? random() % 1000 : random() % 20;
    auto const text = npy::make_header(npy::type_of<float>, shape);
    EXPECT_EQ(text.size() % 64, 0u);
    auto const h = npy::parse_header(as_bytes(text));
    EXPECT_EQ(h.shape, shape);
    EXPECT_EQ(h.data_offset, text.size());
    if (!shape.empty()) {
      shape[0] = static_cast<std::size_t>(-1);  // whatever the length, the size of the header stays
      EXPECT_EQ(npy::make_header(npy::type_of<float>, shape).size(), text.size());
    }
  }
}

TEST(Npy, AnArrayOfAnotherShapeIsRefusedBeforeThereIsAFile) {
  std::string const path = "refused_shape.npy";
  std::vector<float> const six(6);
  for (std::vector<std::size_t> const& shape :
       {std::vector<std::size_t>{5, 4}, {4, 3}, {std::size_t{1} << 33, std::size_t{1} << 33}, {0}})
    EXPECT_THROW(hetmap::npy::write(path, six, shape), hetmap::size_error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Npy, EveryShapeIsKept) {
  temporary const from("from.npy"), to("to.npy");
  std::vector<std::size_t> deep(40, 1);
  deep[3] = 2;
  for (std::vector<std::size_t> const& shape :
       std::vector<std::vector<std::size_t>>{{},
                                             {0},
                                             {1},
                                             {5},
                                             {0, 3},
                                             {3, 0},
                                             {2, 0, 4},
                                             {0, 0},
                                             {1, 1},
                                             {1, 1, 1},
                                             {2, 3},
                                             {1, std::size_t{1} << 40, 0},
                                             std::vector<std::size_t>(64, 1),
                                             deep}) {
    std::size_t n = 1;
    for (std::size_t const length : shape) n *= length;
    SCOPED_TRACE(testing::PrintToString(shape));
    npy::write(from.path(), std::vector<double>(n, 1.5), shape);
    EXPECT_EQ(npy::inspect(from.path()).shape, shape);
    for (bool const resume : {false, true}) {
      npy::reader<double> in(from.path());
      EXPECT_EQ(in.shape(), shape);
      EXPECT_EQ(hetmap::imap(
                    {.resume = resume}, [](double v) { return 2 * v; }, in) |
                    npy::save(to.path(), in.shape()),
                n);
      npy::mapped<double> const y(to.path());
      EXPECT_EQ(y.shape(), shape);
      EXPECT_EQ(y.size(), n);
      for (double const v : y) EXPECT_EQ(v, 3);
    }
  }
}

TEST(Npy, AnArrayWithoutDimensionsIsOneElement) {
  using shape = std::vector<std::size_t>;
  temporary const file("zero.npy");
  auto const of = [](int n) {
    return hetmap::imap(
        {.chunk_size = 1}, [](int i) { return i; }, std::views::iota(0, n));
  };
  auto const shape_of = [&] { return npy::inspect(file.path()).shape; };
  of(1) | npy::save(file.path());
  EXPECT_EQ(shape_of(), shape{1}) << "no shape is not the shape ()";
  npy::write(file.path(), std::vector<int>{7});
  EXPECT_EQ(shape_of(), shape{1});
  npy::write(file.path(), std::vector<int>{7}, {});
  EXPECT_EQ(shape_of(), shape{});
  for (int const n : {1, 0, 2, 100}) {
    shape const expected = n == 1 ? shape{} : shape{static_cast<std::size_t>(n)};
    of(n) | npy::save(file.path(), shape{});
    EXPECT_EQ(shape_of(), expected);
    npy::write(file.path(), std::vector<int>(static_cast<std::size_t>(n)), shape{});
    EXPECT_EQ(shape_of(), expected);
  }
  // Of a length that is not known before, and in two runs.
  auto const is = [](int k) { return std::views::filter([k](int i) { return i == k; }); };
  hetmap::imap([](int i) { return i; }, std::views::iota(0, 9) | is(7)) |
      npy::save(file.path(), shape{});
  EXPECT_EQ(shape_of(), shape{});
  EXPECT_EQ(npy::mapped<int>(file.path()).data()[0], 7);
  EXPECT_EQ(npy::mapped<int>(file.path()).rows().size(), 1u);
  hetmap::imap(
      {.resume = true}, [](int i) { return i; }, std::views::iota(7, 10)) |
      npy::save(file.path(), shape{});
  EXPECT_EQ(shape_of(), shape{3});
  EXPECT_TRUE(std::ranges::equal(npy::reader<int>(file.path()), std::array{7, 8, 9}));
}

TEST(Npy, ShapesThatNobodyCouldReadAreRefused) {
  std::string const path = "refused_shape.npy";
  EXPECT_THROW(npy::write(path, std::vector<double>(1), std::vector<std::size_t>(65, 1)),
               npy::format_error);
  EXPECT_THROW(npy::save(path, std::vector<std::size_t>(65, 1)), npy::format_error);
  EXPECT_THROW(
      npy::save(path, std::vector<std::size_t>{0, std::size_t{1} << 33, std::size_t{1} << 33}),
      npy::format_error);
  EXPECT_FALSE(std::filesystem::exists(path));
  for (char const* const text :
       {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 0, 4294967296)}"})
    EXPECT_THROW(static_cast<void>(npy::parse_header(as_bytes(front_with(text)))),
                 npy::format_error);
  EXPECT_EQ(npy::parse_header(
                as_bytes(front_with("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0)}")))
                .shape,
            (std::vector<std::size_t>{3, 0}))
      << "the order of no elements is any";
}

TEST(Npy, RowsAreAnInput) {
  std::vector<double> x(60);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<double>(i);
  temporary const file("rows.npy");
  npy::write(file.path(), x, {12, 5});
  npy::mapped<double> const in(file.path());
  auto const sum = [](std::span<double const> row) {
    double s = 0;
    for (double const v : row) s += v;
    return s;
  };
  double k = 0;
  for (double const s : hetmap::imap(sum, in.rows())) EXPECT_EQ(s, 25 * k++ + 10);
  EXPECT_EQ(k, 12);
  std::vector<double> out(x.size());
  hetmap::map_blocks(
      {.chunk_size = in.row_elements()},
      [](std::span<double const> row, std::span<double> to) {
        for (std::size_t i = 0; i != row.size(); ++i) to[i] = row[i] - row[0];
      },
      out, in);
  EXPECT_EQ(out[59], 4);
  npy::mapped<double> again(file.path());
  again.drop_before(60);
  EXPECT_EQ(again.data()[7], 7.0) << "dropped pages are read again";
}

TEST(Raw, FilesOfNumbersFromAnOffsetOn) {
  temporary const file("raw.bin");
  std::vector<std::int32_t> const x{1, 2, 3, 4, 5};
  {
    std::ofstream out(file.path(), std::ios::binary);
    out << "head";
    out.write(reinterpret_cast<char const*>(x.data()), 20);
    out << "xx";
  }
  hetmap::raw::reader<std::int32_t> in(file.path(), 4);
  EXPECT_EQ(in.size(), 5u);
  EXPECT_TRUE(std::ranges::equal(in, x));
  EXPECT_THROW(hetmap::raw::reader<std::int32_t>(file.path(), 100), hetmap::io_error);
  EXPECT_THROW(hetmap::raw::reader<std::int32_t>("/dev/null"), hetmap::io_error);
}

}  // namespace
