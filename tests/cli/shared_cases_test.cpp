// The program on each of the shared cases (shared_cases.h). A new folder there needs a row in kCases.
#include "cli/shared_cases.h"
#include "serve/client.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

using test::holds;
using test::ProgramResult;
using test::read_text;
using test::shared_cases;
using test::Situation;

/// A table without its first column.
std::string without_first_column(const std::string& csv) {
  std::istringstream lines(csv);
  std::string rest;
  for (std::string line; std::getline(lines, line);) rest += line.substr(line.find(',') + 1) + "\n";
  return rest;
}

/// `serve` with the situation's network, as long as it lives.
class Served {
 public:
  explicit Served(const Situation& situation) {
    situation.train_network();
    pid_ = situation.sh(
        "$DIGITREC serve run --port 0 >url 2>log & for i in $(seq 200); do [ -s url ] && break; "
        "sleep .05; done; echo $!");
    const std::string url = read_text(situation.work() / "url");
    port_ = static_cast<uint16_t>(std::strtol(url.substr(url.rfind(':') + 1).c_str(), nullptr, 10));
  }
  ~Served() { [[maybe_unused]] const int status = std::system(("kill " + pid_).c_str()); }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  /// What it answers to these bytes.
  std::string answer(const std::string& request) const {
    test::Client client(port_);
    client.send(request);
    return client.rest();
  }

 private:
  std::string pid_;
  uint16_t port_ = 0;
};

void escape_header(const Situation& s) {
  const std::string line = s.run("data info " + s.file("esc.csv").string()).err;
  EXPECT_TRUE(holds(line, "RED")) << line;
  EXPECT_EQ(line.find_first_of('\n'), line.size() - 1);
  EXPECT_LE(line.size(), 201U);
  EXPECT_TRUE(std::none_of(line.begin(), line.end() - 1, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }));
}

void id_column(const Situation& s) {
  s.is_plain_table("train.csv", "ids: column id");
  s.train_network();
  const std::string submission = s.run("predict run " + s.file("train.csv").string() + " --out -").out;
  EXPECT_TRUE(submission.starts_with("id,label\n0,")) << submission;
}

void sorted_columns(const Situation& s) {
  const std::string sorted = "pixels sorted by the numbers in their names";
  const std::string unsorted = read_text(s.file("unsorted.csv"));
  EXPECT_TRUE(s.table_of(s.file("train.csv"), sorted) == unsorted);
  EXPECT_TRUE(s.table_of(s.file("test.csv"), sorted) == without_first_column(unsorted));
}

void torchvision_root(const Situation& s) {
  const fs::path raw = s.file("MNIST/raw");
  s.is_idx(s.file(), raw / "train-images-idx3-ubyte", raw / "train-labels-idx1-ubyte");
  const auto info = nlohmann::json::parse(s.run("data info --json " + s.file().string()).out);
  ASSERT_EQ(info["files"].size(), 2U);
  EXPECT_EQ(info["files"][1]["file"], (raw / "t10k-images-idx3-ubyte").string());
}

void emnist_letters(const Situation& s) {
  // They are drawn from the digits of another case.
  s.is_idx(s.file(), shared_cases() / "idx_dots/train-images.idx3-ubyte",
           s.file("emnist-letters-train-labels-idx1-ubyte"), "--transpose");
  const auto info = nlohmann::json::parse(s.run("data info --json " + s.file().string()).out);
  EXPECT_EQ(info["files"][0]["classes"], 26);
  EXPECT_TRUE(holds(info["files"][0]["read_as"], "--transpose turns them"));
}

void one_bad(const Situation& s) {
  s.train_network();
  const ProgramResult result = s.run("predict run " + s.file().string());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 11) << result.out;
  EXPECT_TRUE(holds(result.out, "0003.png,,,\"damaged PNG file (cut off); ")) << result.out;
  EXPECT_TRUE(holds(result.err, "1 of 10 pictures not read")) << result.err;
}

void wrong_kinds(const Situation& s) {
  s.is_pictures({"7", "7", "", "7"});
  const std::string svg = s.run("predict run " + s.file("x.svg").string()).out;
  EXPECT_TRUE(svg.ends_with("x.svg,,,an SVG drawing; export it as PNG\n")) << svg;
}

void sixteen_bits(const Situation& s) {
  fs::create_directories(s.work() / "as/8");
  fs::create_directories(s.work() / "as/16");
  fs::copy(s.file("eight.png"), s.work() / "as/8");
  fs::copy(s.file("sixteen.png"), s.work() / "as/16");
  for (const std::string frame : {"digits", "none"}) {
    std::istringstream table(without_first_column(s.table_of("as", "pictures in 2 folders", "--frame " + frame)));
    std::string pixels[3];
    for (std::string& line : pixels) std::getline(table, line);
    std::istringstream eight(pixels[1]);
    std::istringstream sixteen(pixels[2]);
    std::string a;
    for (std::string b; std::getline(eight, a, ',') && std::getline(sixteen, b, ',');)
      ASSERT_LE(std::abs(std::stoi(a) - std::stoi(b)), 1) << frame;
  }
  s.train_network();
  const std::string out = s.run("predict run " + s.file().string()).out;
  const auto answer_of = [&](const std::string& file) {
    const size_t at = out.find(file + ",");
    return at == std::string::npos ? "none of " + file : out.substr(at + file.size(), 2);
  };
  EXPECT_EQ(answer_of("eight.png"), answer_of("sixteen.png")) << out;
}

void kaggle_answers(const Situation& s) {
  s.script(20);  // for its train.csv and test.csv
  s.train_network();
  ASSERT_EQ(s.run("predict run test.csv").exit_code, 0);
  fs::create_directories(s.work() / "bin");
  for (const auto& [text, said] :
       {std::pair{"401kBs.txt", "Kaggle refused the submission: 400 Client Error: Bad Request; look on "},
        std::pair{"403kBs.txt",
                  "Kaggle takes no more submissions today: Submission not allowed: daily allowance used; "
                  "submit again after "},
        std::pair{"404.txt",
                  "Kaggle does not find the competition digit-recognizer, or it is closed to submissions"}}) {
    s.work().write("bin/kaggle", "#!/bin/sh\ncat '" + s.file(text).string() + "'\nexit 1\n");
    fs::permissions(s.work() / "bin/kaggle", fs::perms::owner_all);
    const ProgramResult result = s.run("submit submission.csv --data . -m x", "PATH=$PWD/bin:$PATH");
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(result.err.starts_with(std::string("digitrec: ") + said)) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

void stays_under_nohup(const Situation& s) {
  s.train_network();
  EXPECT_EQ(s.script(1, "run"), "still there\n");
}

void three_runs_at_once(const Situation& s) {
  const std::string said = s.script(65);
  for (const std::string seed : {"1", "2", "3"}) EXPECT_TRUE(holds(said, "seed " + seed + " rc=0 ")) << said;
  std::set<std::string> begun;
  int runs = 0;
  for (const auto& run : fs::directory_iterator(s.made_folder() / "runs")) {
    ++runs;
    EXPECT_TRUE(fs::exists(run.path() / "best.safetensors")) << run;
    std::string name = run.path().filename().string();
    if (name.ends_with("-2") || name.ends_with("-3")) name.resize(name.size() - 2);
    begun.insert(name);
  }
  EXPECT_EQ(runs, 3);
  EXPECT_LE(begun.size(), 2U);  // the second may have turned
}

void second_is_refused(const Situation& s) {
  const std::string said = s.script(3000);
  EXPECT_TRUE(holds(said, "first: rc=0 ")) << said;
  // The last of sixty tries comes while the first trains or, on a fast machine, after it.
  EXPECT_TRUE(holds(said, "digitrec: a: already exists and is not empty; ") ||
              holds(said, "digitrec: a: another program is training there; "))
      << said;
  EXPECT_TRUE(fs::exists(s.made_folder() / "a/best.safetensors"));
}

void trains_further_with_more_patience(const Situation& s) {
  EXPECT_TRUE(holds(s.script(3000), "rc=0\n"));
  const std::string resume = "train --resume " + (s.made_folder() / "r").string();
  const ProgramResult done = s.run(resume);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(holds(done.out + done.err, "nothing left to train: stopped early after ")) << done.out << done.err;
  const auto epochs = [&] {
    const std::string metrics = read_text(s.made_folder() / "r/metrics.csv");
    return std::count(metrics.begin(), metrics.end(), '\n') - 1;
  };
  const auto before = epochs();
  EXPECT_GE(before, 21);  // the last time with a patience of 20
  EXPECT_EQ(s.run(resume + " --patience 0 --epochs " + std::to_string(before + 5)).exit_code, 0);
  EXPECT_EQ(epochs(), before + 5);
}

void redirected(const Situation& s) {
  s.train_network();
  const std::string log = s.script(30);
  EXPECT_TRUE(log.starts_with("line one\nbefore\nImageId,Label\n1,")) << log;
  EXPECT_TRUE(log.ends_with("\nafter\n")) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 34) << log;
}

void is_up_for_haproxy(const Situation& s) {
  const std::string config = read_text(s.file("h.cfg"));
  const std::string check = "GET /healthz";
  ASSERT_TRUE(holds(config, "option httpchk " + check)) << config;
  const std::string answer = Served(s).answer(check + " HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 200 ");
}

void resaved_by_python(const Situation& s) {
  const std::string python =
      "PATH=" DIGITREC_SOURCE "/.venv/bin:$PATH; python3 -c 'import torch, safetensors' && python3 ";
  s.train_network();
  s.sh(python + s.file("sv.py").string());
  if (!fs::exists(s.work() / "resaved.safetensors")) GTEST_SKIP() << read_text(s.work() / "sh.err");
  const fs::path digits = shared_cases() / "idx_dots";
  const ProgramResult resaved = s.run("eval resaved.safetensors " + digits.string());
  EXPECT_EQ(resaved.exit_code, 0);
  EXPECT_TRUE(holds(resaved.err, "no checksum could be checked")) << resaved.err;
  const auto accuracy = [](const std::string& out) { return out.substr(0, out.find('\n')); };
  EXPECT_EQ(accuracy(resaved.out), accuracy(s.run("eval run " + digits.string()).out));
}

void pixels_of_0_to_1(const Situation& s) {
  const std::string body = read_text(s.file());
  const std::string answer = Served(s).answer(
      "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
      "application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(holds(answer, "\"number\":\"7\"")) << answer;
}

struct Case {
  const char* name;  ///< a folder, or a file in one
  void (*check)(const Situation&);

  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

const std::vector<Case> kCases{
    {"csv_Label_capital", [](auto& s) { s.is_plain_table("train.csv", "label: column Label, the first"); }},
    {"csv_blank_lines", [](auto& s) { s.is_plain_table(); }},
    {"csv_escape_header", escape_header},
    {"csv_float_labels", [](auto& s) { s.is_plain_table(); }},
    {"csv_html",
     [](auto& s) { EXPECT_TRUE(holds(s.run("train " + s.file("train.csv").string()).err, "an HTML page")); }},
    {"csv_id_column", id_column},
    {"csv_no_header", [](auto& s) { s.is_plain_table("train.csv", "no header; label: the first column"); }},
    {"csv_r_write_csv", [](auto& s) { s.is_plain_table(); }},
    {"csv_semicolon", [](auto& s) { s.is_plain_table("train.csv", "semicolons"); }},
    {"csv_sorted_columns", sorted_columns},
    {"csv_unnamed0", [](auto& s) { s.is_plain_table("train.csv", "left out: Unnamed: 0"); }},
    {"csv_zip/digit-recognizer.zip", [](auto& s) { s.is_plain_table(""); }},
    {"csv_zip/train.csv.zip", [](auto& s) { s.is_plain_table(""); }},
    {"folder_one_bad", one_bad},
    {"folder_skipped", [](auto& s) { s.is_pictures({"7", "7", "7", "7"}); }},
    {"haproxy", is_up_for_haproxy},
    {"idx_dots",
     [](auto& s) { s.is_idx(s.file(), s.file("train-images.idx3-ubyte"), s.file("train-labels.idx1-ubyte")); }},
    {"idx_emnist_letters", emnist_letters},
    {"idx_torchvision_root", torchvision_root},
    {"kaggle_answers", kaggle_answers},
    {"nohup_serve", stays_under_nohup},
    {"outside/pixels_0_to_1_label7.json", pixels_of_0_to_1},
    {"png_16bit", sixteen_bits},
    {"resaved_safetensors", resaved_by_python},
    {"resume_after_patience", trains_further_with_more_patience},
    {"second_train_kills_first", second_is_refused},
    {"stdout_redirect", redirected},
    {"sweep_same_second", three_runs_at_once},
    {"wrong_kind_of_file", wrong_kinds},
};

class SharedCase : public testing::TestWithParam<Case> {};

TEST_P(SharedCase, EndsAsExpected) {
  SKIP_WITHOUT_CASES();
  ASSERT_TRUE(fs::exists(shared_cases() / GetParam().name));
  GetParam().check(Situation(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(All, SharedCase, testing::ValuesIn(kCases), [](const testing::TestParamInfo<Case>& tested) {
  std::string name = tested.param.name;
  std::replace_if(name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST(SharedCases, AreAllInTheTable) {
  SKIP_WITHOUT_CASES();
  std::set<std::string> known;
  for (const Case& c : kCases) known.insert(fs::path(c.name).begin()->string());
  for (const auto& entry : fs::directory_iterator(shared_cases())) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with("photo_")) continue;  // those are pictures
    EXPECT_TRUE(known.contains(name)) << name << " has no row";
  }
}

}  // namespace
}  // namespace digitrec
