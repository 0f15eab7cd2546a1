#include "page/page.h"

#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "figures/figure_text.h"
#include "figures/figures.h"
#include "figures/gnuplot.h"
#include "image/image_file.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <map>

namespace digitrec {
namespace {

using test::read_text;
using test::TempFolder;
using test::train_one;

/// A finished run of two small networks.
struct Report : testing::Test {
  Report() {
    config.model = "cnn";
    config.device = "cpu";
    config.epochs = 2;
    config.folds = 2;
    config.data = (folder / "train.csv").string();
    const Dataset data = draw_synthetic_digits(400, 3);
    write_image_csv(config.data, data);
    test::run(config, data, folder / "run");
    run = load_run(folder / "run", "", {});
  }

  static nlohmann::json data_of(const std::string& page) {
    const std::string open = "type=\"application/json\">";
    const size_t begin = page.find(open) + open.size();
    return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  }

  TempFolder folder;
  TrainConfig config;
  RunRecord run;
};

/// 0, 1, ..., classes - 1, 0, ...
std::vector<int64_t> counting_labels(int64_t count, int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(i % classes);
  return labels;
}

TEST_F(Report, ReadsTheRunFromItsFolder) {
  EXPECT_EQ(run.name, "run");
  EXPECT_EQ(run.metrics.rows, 400);
  ASSERT_EQ(run.networks.size(), 2U);
  ASSERT_EQ(run.networks[1].epochs.size(), 2U);
  EXPECT_EQ(run.networks[1].epochs[1].epoch, 2);
  EXPECT_GE(run.networks[1].best_epoch, 1);
  EXPECT_TRUE(run.environment.at("program").starts_with("digitrec "));
  EXPECT_EQ(run.environment.at("device"), "cpu");
}

TEST_F(Report, TellsOfTheCheckpointBeforeADamagedOne) {
  const std::filesystem::path best = folder / "run/member-01/best.safetensors";
  std::filesystem::copy_file(best, folder / "run/member-01/best.previous.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  folder.write("run/member-01/best.safetensors", "torn");
  const RunRecord again = load_run(folder / "run", "", {});
  ASSERT_EQ(again.held_out.doubts.size(), 1U);
  EXPECT_TRUE(again.held_out.doubts[0].ends_with("best.previous.safetensors is used instead"))
      << again.held_out.doubts[0];
  EXPECT_EQ(again.metrics.accuracy, run.metrics.accuracy);
  EXPECT_EQ(again.networks[0].checkpoint.filename(), "best.previous.safetensors");
  EXPECT_EQ(again.networks[0].best_epoch, run.networks[0].best_epoch);
}

TEST_F(Report, PageHoldsTheMetricsAndTheImagesOfEveryMistake) {
  const auto data = data_of(report_page({run}));
  const auto& shown = data["runs"][0];
  EXPECT_EQ(shown["metrics"]["correct"], run.metrics.correct);
  EXPECT_EQ(shown["metrics"]["confusion"], nlohmann::json(run.metrics.confusion));
  EXPECT_EQ(shown["networks"][0]["epochs"].size(), 2U);
  EXPECT_EQ(shown["config"]["folds"], "2");
  EXPECT_EQ(shown["defaults"]["weight_decay"], "0");
  int64_t max_per_cell = 0;
  std::map<std::pair<int, int>, int64_t> cells;
  for (const auto& image : shown["images"]["list"]) {
    const int64_t n = ++cells[{image["label"], image["answer"]}];
    max_per_cell = std::max(max_per_cell, n);
    // Its row in the file carries that label.
    EXPECT_EQ(run.dataset.labels[image["row"].get<int64_t>() - 1].item<int64_t>(), image["label"]);
    EXPECT_EQ(image["top"][0][0], image["answer"]);
  }
  EXPECT_LE(max_per_cell, 24);
  for (size_t label = 0; label < 10; ++label) {
    for (size_t answer = 0; answer < 10; ++answer) {
      EXPECT_EQ((cells[{static_cast<int>(label), static_cast<int>(answer)}]),
                std::min<int64_t>(24, run.metrics.confusion[label][answer]));
    }
  }
}

TEST_F(Report, PageIsNotBrokenByWhatARunIsCalled) {
  run.name = "</script><script>alert(1)</script><!--";
  run.config.data = "<b>&amp;";
  const std::string page = report_page({run, run});
  EXPECT_EQ(data_of(page)["runs"][1]["name"], run.name);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_NE(report_page({run}).find("<title>cnn on &lt;b>&amp;amp;</title>"), std::string::npos);
  EXPECT_EQ(page.find("{{"), std::string::npos);
}

TEST_F(Report, PageOfARunStillGoingShowsItsCurves) {
  RunRecord going;
  going.name = "run";
  going.networks = {run.networks[0]};
  const std::string page = report_page({going}, "Still training: epoch 1 of 5 is done.", true);
  EXPECT_EQ(data_of(page)["is_going"], true);
  EXPECT_EQ(data_of(page)["status"], "Still training: epoch 1 of 5 is done.");
  EXPECT_TRUE(data_of(page)["runs"][0]["metrics"].is_null());
}

TEST_F(Report, FiguresAreDrawn) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  const std::filesystem::path figures = folder / "figures";
  std::filesystem::create_directory(figures);
  std::vector<std::string> names;
  draw_figures(run, figures, [&](const std::filesystem::path& file) { names.push_back(file.stem().string()); });
  EXPECT_EQ(names, (std::vector<std::string>{"curves", "confusion", "classes", "reliability", "predictions", "mistakes",
                                             "pixels", "filters", "feature-maps"}));
  for (const std::string& name : names) {
    EXPECT_EQ(read_image(figures / (name + ".png")).width, 1600) << name;
    EXPECT_NE(read_text(figures / (name + ".svg")).find("</svg>"), std::string::npos) << name;
  }
  // A browser would smooth the pixels otherwise.
  EXPECT_NE(read_text(figures / "pixels.svg").find("<image style='image-rendering: pixelated' x="), std::string::npos);
  // What is written on them is what was measured.
  EXPECT_NE(read_text(figures / "confusion.svg").find(fmt::format("{:.2f}%", 100 * run.metrics.accuracy)),
            std::string::npos);
}

TEST(Figures, AreDrawnOfLongRunsLargeImagesAndFewClasses) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  const TempFolder folder;
  Dataset data = test::random_dataset(counting_labels(60, 2), 100);
  data.classes.names = {"Ankle boot", "T-shirt"};
  TrainConfig config;
  config.model = "cnn-dropout";
  config.device = "cpu";
  config.epochs = 12;
  train_one(config, data, folder / "run", {});
  int drawn = 0;
  draw_figures(load_run(folder / "run", data, {}), folder.path(), [&](const std::filesystem::path&) { ++drawn; });
  EXPECT_EQ(drawn, 9);
  const std::string title = read_text(folder / "pixels.svg");
  // Below an image there is room for one name a line.
  const std::string mistakes = read_text(folder / "mistakes.svg");
  EXPECT_EQ(mistakes.find("boot →"), std::string::npos);
  EXPECT_EQ(mistakes.find("T-shirt →"), std::string::npos);
  EXPECT_TRUE(mistakes.find(">→ Ankle bo…<") != std::string::npos || mistakes.find(">→ T-shirt<") != std::string::npos);
  EXPECT_TRUE(title.find("An image as the network sees it: Ankle boot") != std::string::npos ||
              title.find("An image as the network sees it: T-shirt") != std::string::npos);
}

TEST(Figures, ShortenNamesToTheirRoom) {
  EXPECT_EQ(shorten("Ankle boot", 10), "Ankle boot");
  EXPECT_EQ(shorten("Ankle boot", 8), "Ankle b…");
  EXPECT_EQ(shorten("Ankle boot", 7), "Ankle…");
  EXPECT_EQ(shorten("Füße", 3), "Fü…");
  EXPECT_EQ(shorten("おきす", 6), "おきす");
  EXPECT_EQ(shorten("おきす", 5), "おき…");
}

TEST_F(Report, FiguresTellWhatIsLeftOutOfManyClasses) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  run.metrics.classes.resize(26);
  int drawn = 0;
  const std::vector<std::string> notes =
      draw_figures(run, folder.path(), [&](const std::filesystem::path&) { ++drawn; });
  EXPECT_EQ(drawn, 6);
  EXPECT_EQ(notes,
            (std::vector<std::string>{"confusion, classes and predictions are left out: 26 classes, and they are "
                                      "legible up to 20; report.html has the first two"}));
}

TEST_F(Report, FiguresSayThatThereAreNoMistakes) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  run.labels = run.held_out.probabilities.argmax(1);
  draw_figures(run, folder.path(), [](const std::filesystem::path&) {});
  EXPECT_NE(read_text(folder / "mistakes.svg").find("none of 400 rows held back<"), std::string::npos);
}

TEST_F(Report, FiguresShowNumbersForNamesThatNoFontHas) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  EXPECT_TRUE(is_legible("Größe, Ответ"));
  const std::string name = "\U0010FFFE";  // no character, and in no font
  EXPECT_FALSE(is_legible(name));
  for (size_t c = 0; c < 10; ++c) {
    run.dataset.classes.labels.push_back(static_cast<int64_t>(c) + 21);
    run.dataset.classes.names.push_back(name + std::to_string(c));
    run.metrics.classes[c].name = run.dataset.classes.names.back();
  }
  const std::vector<std::string> notes = draw_figures(run, folder.path(), [](const std::filesystem::path&) {});
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "no font here has the characters of the classes' names; the figures show their numbers, 21 (" +
                          name + "0) to 30 (" + name + "9)");
  for (const char* figure : {"confusion.svg", "predictions.svg", "classes.svg"}) {
    const std::string svg = read_text(folder / figure);
    EXPECT_EQ(svg.find(name), std::string::npos) << figure;
    EXPECT_NE(svg.find("30"), std::string::npos) << figure;
  }
}

TEST_F(Report, FiguresTakeTextsAsTheyAre) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  // None of these is a command, an escape or a font change.
  Figure("odd", 800, 100, "set xrange [0:1]\nset yrange [0:1]\nplot $t using 1:2:3 with labels\n")
      .set("title", "it's `id` \\n {/Bold x}_a")
      .set("subtitle", "a\nset output 'x'")
      .table("t", "0.5 0.5 " + quote("say \"hi\" `id`") + "\n")
      .draw(folder.path());
  const std::string svg = read_text(folder / "odd.svg");
  EXPECT_NE(svg.find("`id` \\n {/Bold x}_a"), std::string::npos);
  EXPECT_NE(svg.find("say 'hi' `id`"), std::string::npos);
}

TEST(ReadEpochMetrics, LeavesBlanksUnmeasuredAndNamesWhatIsWrong) {
  const TempFolder folder;
  const std::string header = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,images_per_second\n";
  const auto epochs = read_epoch_metrics(folder.write("a.csv", header + "1,0.5,0.75,,,0.001,2.5,100\n"));
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].train_accuracy, 0.75);
  EXPECT_TRUE(std::isnan(epochs[0].val_loss));
  const auto broken = folder.write("b.csv", header + "1,x,0.75,,,0.001,2.5,100\n");
  EXPECT_ERROR(read_epoch_metrics(broken), Error, broken.string() + ": 'x' is not a number; was the file altered?");
}

}  // namespace
}  // namespace digitrec
