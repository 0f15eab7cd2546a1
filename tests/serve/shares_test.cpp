#include "serve/shares.h"

#include "serve/fair_queue.h"

#include <gtest/gtest.h>

namespace digitrec::serve {
namespace {

TEST(Shares, LeaveSomethingForWhoeverComesNext) {
  const auto shares = std::make_shared<Shares>(100);
  auto first = shares->share_of("a");
  EXPECT_TRUE(first->take(30));
  EXPECT_FALSE(first->take(21));
  EXPECT_TRUE(first->take(20));  // half
  EXPECT_FALSE(shares->share_of("a")->take(1));
  auto second = shares->share_of("b");
  EXPECT_FALSE(second->take(26));
  EXPECT_TRUE(second->take(25));                 // half of the rest
  EXPECT_TRUE(shares->share_of("c")->take(12));  // is given back at once
  first = nullptr;
  EXPECT_FALSE(second->take(26));
  EXPECT_TRUE(second->take(25));
  second = nullptr;
  EXPECT_TRUE(shares->share_of("a")->take(50));
  EXPECT_FALSE(shares->share_of("a")->take(UINT64_MAX));
}

TEST(FairQueue, LetsClientsTakeTurns) {
  FairQueue<int> queue;
  for (const int item : {1, 2, 3, 4}) queue.push("a", item);
  queue.push("b", 10);
  queue.push("c", 20);
  queue.push("b", 11);
  EXPECT_EQ(queue.size(), 7U);
  std::vector<int> order;
  while (!queue.empty()) order.push_back(queue.pop());
  EXPECT_EQ(order, (std::vector{1, 10, 20, 2, 11, 3, 4}));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FairQueue, ForgetsWhatItIsToldTo) {
  FairQueue<int> queue;
  for (const int item : {1, 2, 3}) queue.push("a", item);
  queue.push("b", 2);
  queue.erase_if([](int item) { return item == 2; });
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace digitrec::serve
