#include "cli/shared_cases.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <sstream>

namespace digitrec::test {

namespace fs = std::filesystem;

fs::path shared_cases() {
  const char* named = std::getenv("DIGITREC_CASES");
  return named != nullptr ? fs::path(named) : (fs::path(DIGITREC_SOURCE) / "../shared/cases").lexically_normal();
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

fs::path Situation::file(const std::string& name) const {
  return name.empty() ? shared_cases() / name_ : shared_cases() / name_ / name;
}

ProgramResult Situation::run(const std::string& arguments, const std::string& prefix) const {
  return run_digitrec(arguments, work_.path(), prefix);
}

std::string Situation::sh(const std::string& command) const {
  const std::string begin = "cd '" + work_.path().string() +
                            "' || exit 125; exec >sh.out 2>sh.err </dev/null; export DIGITREC='" DIGITREC_BINARY
                            "' TMPDIR=$PWD; ";
  const int status = std::system((begin + command).c_str());
  EXPECT_TRUE(WIFEXITED(status)) << command;
  return read_text(work_ / "sh.out");
}

std::string Situation::script(int rows, const std::string& arguments) const {
  EXPECT_EQ(run("data synth --out . --train " + std::to_string(rows) + " --test 20").exit_code, 0);
  return sh("ROWS=$PWD/train.csv RUN=$PWD/run bash " + file("run.sh").string() + " " + arguments);
}

fs::path Situation::made_folder() const {
  for (const auto& entry : fs::directory_iterator(work_.path())) {
    if (entry.path().filename().string().starts_with("tmp.")) return entry.path();
  }
  ADD_FAILURE() << "the script made no folder";
  return work_.path();
}

void Situation::train_network() const {
  const ProgramResult result =
      run("train " + (shared_cases() / "idx_dots").string() + " --model mlp-128 --epochs 5 --out run");
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

std::string Situation::table_of(const fs::path& data, const std::string& reading, const std::string& flags) const {
  const ProgramResult result = run("data convert " + flags + " '" + data.string() + "' table.csv");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(reading.empty() ? !holds(result.err, "(") : holds(result.err, reading)) << result.err;
  return read_text(work_ / "table.csv");
}

void Situation::is_plain_table(const std::string& name, const std::string& reading) const {
  std::string plain = read_text(shared_cases() / "csv_Label_capital/train.csv");
  plain.replace(0, 1, "l");
  std::string table = table_of(file(name), reading);
  if (table.starts_with("id,")) table = std::regex_replace("\n" + table, std::regex("\n[^,\n]+,"), "\n").substr(1);
  EXPECT_TRUE(table == plain) << name;
}

void Situation::is_idx(const fs::path& data, const fs::path& images, const fs::path& labels,
                       const std::string& flags) const {
  const ProgramResult result = run("data convert " + flags + " " + data.string() + " a-images-idx3-ubyte");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(read_text(work_ / "a-images-idx3-ubyte") == read_text(images)) << data;
  EXPECT_TRUE(read_text(work_ / "a-labels-idx1-ubyte") == read_text(labels)) << data;
}

void Situation::is_pictures(const std::vector<std::string>& labels) const {
  train_network();
  const ProgramResult result = run("predict run " + file().string());
  std::istringstream lines(result.out);
  std::vector<std::string> read;
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) {
    const size_t label = line.find(',') + 1;
    read.push_back(line.substr(label, line.find(',', label) - label));
    EXPECT_EQ(line.ends_with(','), !read.back().empty()) << line;
  }
  EXPECT_EQ(read, labels) << result.out << result.err;
  EXPECT_EQ(result.exit_code, std::count(labels.begin(), labels.end(), "") > 0 ? 1 : 0);
  if (fs::is_directory(file())) {
    EXPECT_TRUE(holds(result.err, "left out, no pictures: NOTE.txt")) << result.err;
  }
}

}  // namespace digitrec::test
