/* cpp.cc - cadre.hpp on every backend: what lambdas compute, and how they fail.
 * SPDX-License-Identifier: MIT
 *
 * The backend is that of the contract suite: CADRE_TEST_BACKEND, CADRE_TEST_WORKERS.
 */
#include "cpp.hpp"

#include <algorithm>
#include <atomic>
#include <list>
#include <numeric>
#include <random>

/* ---- maps ---- */

static void test_indices(const cadre::pool &p)
{
    auto y = cadre::map(p, 1000, [](std::size_t i) { return 3 * i + 1; });

    CHECK(y.size() == 1000);
    for (std::size_t i = 0; i < y.size(); i++)
        CHECK(y[i] == 3 * i + 1);
    CHECK(cadre::map(p, 0, [](std::size_t i) { return i; }).empty());
}

static void test_arrays(const cadre::pool &p)
{
    std::vector<double> x(500);
    int plain[] = { 3, 1, 2 };

    std::iota(x.begin(), x.end(), 0.0);
    auto y = cadre::map(p, x, [](double v) { return v * v; });
    for (std::size_t i = 0; i < x.size(); i++)
        CHECK(y[i] == x[i] * x[i]);
    CHECK(cadre::map(p, plain, [](int v) { return -v; }) ==
          (std::vector<int>{ -3, -1, -2 }));
}

static void test_captures(const cadre::pool &p)
{
    double factor = 2.5;
    std::list<std::string> words{ "a", "bc", "def" };

    auto y = cadre::map(p, 100, [&](auto &task, std::size_t i) {
        return task.index() == i ? factor * static_cast<double>(i) : -1;
    });
    for (std::size_t i = 0; i < y.size(); i++)
        CHECK(y[i] == factor * static_cast<double>(i));
    auto n = cadre::map(p, words, [&](const std::string &w) { return w.size() + 1; });
    CHECK(n == (std::vector<std::size_t>{ 2, 3, 4 }));
}

struct no_default {
    int value;
    explicit no_default(int v) : value(v)
    {
    }
};

static void test_types(const cadre::pool &p)
{
    auto text = cadre::map(p, 50, [](std::size_t i) { return std::string(i, 'x'); });
    auto list = cadre::map(p, 50, [](std::size_t i) { return std::vector<int>(i, 7); });
    auto even = cadre::map(p, 50, [](std::size_t i) { return i % 2 == 0; });
    auto made = cadre::map(p, 50, [](std::size_t i) { return no_default(int(i)); });

    for (std::size_t i = 0; i < 50; i++) {
        CHECK(text[i] == std::string(i, 'x'));
        CHECK(list[i] == std::vector<int>(i, 7));
        CHECK(even[i] == (i % 2 == 0));
        CHECK(made[i].value == int(i));
    }
}

static void test_shared_array(const cadre::pool &p)
{
    cadre::shared_array<int> seen(64);

    cadre::map(p, 64, [&](std::size_t i) { seen[i] = int(i) + 1; });
    for (std::size_t i = 0; i < seen.size(); i++)
        CHECK(seen[i] == int(i) + 1);
}

static void test_portable(const cadre::pool &p)
{
    int k = 7;
    auto y =
        cadre::map(p, 100, cadre::portable([k](std::size_t i) { return int(i) * k; }));

    for (int i = 0; i < 100; i++)
        CHECK(y[std::size_t(i)] == i * k);
}

/* The numbers that the C interface gives. */
static void test_random(const cadre::pool &p)
{
    cadre_job job = {};
    job.seed = 42;
    auto y = cadre::map(
        p, 20, [](auto &task, std::size_t) { return task.rng().uniform(); }, job);
    auto order = cadre::map(
        p, 20,
        [](auto &task, std::size_t) {
            std::vector<int> v{ 1, 2, 3, 4, 5, 6 };
            std::shuffle(v.begin(), v.end(), task.rng());
            std::sort(v.begin(), v.end());
            return v;
        },
        job);

    for (std::uint64_t i = 0; i < 20; i++) {
        cadre_seed root, seed;
        cadre_rng rng;
        cadre_seed_init(&root, 42);
        seed = cadre_seed_child(&root, i);
        cadre_rng_init(&rng, &seed);
        CHECK(y[i] == cadre_rng_uniform(&rng));
        CHECK(order[i] == (std::vector<int>{ 1, 2, 3, 4, 5, 6 }));
    }
}

/* ---- state of workers ---- */

static std::atomic<int> *alive; /* where all processes of the test that have it count */

struct connection {
    std::uint64_t served = 0;
    connection()
    {
        alive ? ++*alive : 0;
    }
    ~connection()
    {
        alive ? --*alive : 0;
    }
    connection(const connection &) = delete;
    connection &operator=(const connection &) = delete;
};

static void test_per_worker(const cadre::pool &p)
{
    cadre::shared_array<std::atomic<int>> counts(1);
    std::uint64_t served = 0;

    alive = counts.data();
    auto kernel =
        cadre::per_worker([] { return connection(); },
                          [](connection &c, std::size_t) { return ++c.served; });
    for (std::uint64_t n : cadre::map(p, 500, kernel))
        served += n;
    CHECK(served >= 500);
    CHECK(counts[0] == 0);
    for (auto &r : cadre::stream(p, 100, kernel))
        CHECK(r.value >= 1);
    CHECK(counts[0] == 0);
    served = cadre::reduce(p, 100, std::uint64_t(0), kernel,
                           [](std::uint64_t a, std::uint64_t b) { return a + b; });
    CHECK(served >= 100);
    try {
        cadre::map(p, 10,
                   cadre::per_worker([]() -> int { throw cadre::failure(9, "no"); },
                                     [](int &, std::size_t) { return 1; }));
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.user() == 9 && e.index() == 0);
        CHECK(std::string(e.what()) == "item 0: no");
    }
    alive = nullptr;
}

/* Items by position, whatever the tasks' indexes are. */
static void test_indexes(const cadre::pool &p)
{
    static const std::uint64_t indexes[] = { 2, 3, 7 };
    std::vector<int> array = { 10, 20, 30, 40, 50 };
    std::list<int> list(array.begin(), array.end());
    cadre_job job = {};
    auto both = [](cadre::task &t, int x) { return int(t.index()) * 100 + x; };
    const std::vector<int> expected = { 210, 320, 730, 840, 950 };

    job.indexes = indexes;
    job.n_indexes = 3;
    job.prefetch = 1;
    CHECK(cadre::map(p, array, both, job) == expected);
    CHECK(cadre::map(
              p, 4, [](std::size_t i) { return int(i); }, job) ==
          std::vector<int>({ 2, 3, 7, 8 }));
    if (!captures())
        return;
    CHECK(cadre::map(p, list, both, job) == expected);
    CHECK(cadre::reduce(
              p, list, 0, both, [](int a, int b) { return a + b; }, job) == 3050);
    std::vector<int> got;
    for (auto &r : cadre::stream(p, list, both, job))
        got.push_back(r.value);
    CHECK(got == expected);
}

/* A worker's state serves as long as the worker does: those of a run are forked for it. */
static void test_kept_state(const cadre::pool &p)
{
    auto count = cadre::per_worker([] { return 0; },
                                   [](int &calls, std::size_t) { return ++calls; });
    bool stays = backend() != "processes";
    cadre_job job = {};
    int first, second;

    job.keep_state = true;
    first = cadre::map(p, 1, count, job)[0];
    second = cadre::map(p, 1, count, job)[0];
    CHECK(first == 1);
    CHECK(second == 1 ||
          (stays && second == 2)); /* another worker may have come first */
    if (p.workers() == 1 && stays && backend() != "null")
        CHECK(second == 2);
}

static void test_for_each(const cadre::pool &)
{
    std::vector<std::size_t> y(1000);

    cadre::for_each(y.size(), [&](std::size_t i) { y[i] = i * i; });
    for (std::size_t i = 0; i < y.size(); i++)
        CHECK(y[i] == i * i);
    try {
        cadre::for_each(100, [](auto &, std::size_t i) {
            if (i == 50)
                throw std::runtime_error("fifty");
        });
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.index() == 50);
    }
}

/* ---- failures ---- */

static int odd_fails(std::size_t i)
{
    if (i % 2)
        throw cadre::failure(int(i), "odd");
    return int(i);
}

static void test_what_is_thrown_fails_its_task(const cadre::pool &p)
{
    try {
        cadre::map(p, 1000, [](std::size_t i) {
            if (i >= 37)
                throw std::runtime_error("no " + std::to_string(i));
            return i;
        });
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.code() == CADRE_EKERNEL && e.user() == 1 && e.index() == 37);
        CHECK(std::string(e.what()) == "item 37: no 37");
    }
    try {
        cadre::map(p, 10, [](std::size_t i) { return odd_fails(i); });
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.user() == 1 && e.index() == 1);
    }
    try {
        cadre::map(p, 10, [](std::size_t i) -> int { throw int(i); });
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.index() == 0);
    }
}

static void test_keep_going(const cadre::pool &p)
{
    int statuses[10];
    cadre_job job = {};

    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    auto y = cadre::map(
        p, 10, [](std::size_t i) { return odd_fails(i); }, job);
    for (int i = 0; i < 10; i++) {
        CHECK(statuses[i] == (i % 2 ? CADRE_EKERNEL : CADRE_OK));
        CHECK(i % 2 || y[std::size_t(i)] == i);
    }
    int sum = cadre::reduce(
        p, 10, 100, [](std::size_t i) { return odd_fails(i); },
        [](int a, int b) { return a + b; }, job);
    CHECK(sum == 100 + 0 + 2 + 4 + 6 + 8);
}

/* Persistent workers say what they cannot have, and anybody else has it. */
static void test_refusal(const cadre::pool &p)
{
    double factor = 2;

    try {
        cadre::map(p, 4, [&](std::size_t i) { return factor * double(i); });
        CHECK(captures());
    } catch (const cadre::error &e) {
        CHECK(!captures() && e.code() == CADRE_EINVAL);
        CHECK(std::string(e.what()).find("cadre::portable") != std::string::npos);
    }
}

static void test_bad_options(const cadre::pool &)
{
    try {
        cadre_options opt = {};
        opt.backend = "thread-like";
        cadre::pool p(opt);
        CHECK(!"opened");
    } catch (const cadre::error &e) {
        CHECK(e.code() == CADRE_EINVAL && e.index() == CADRE_NO_ITEM);
    }
}

/* ---- reductions ---- */

static void test_reduce(const cadre::pool &p)
{
    auto one = [](std::size_t i) { return double(i) / 3; };
    auto add = [](double a, double b) { return a + b; };
    double here = cadre::reduce(cadre::pool(nullptr), 5000, 0.5, one, add);
    double there = cadre::reduce(p, 5000, 0.5, one, add);
    std::vector<int> x{ 5, -3, 9, 2 };

    CHECK(here == there);
    CHECK(cadre::reduce(p, 0, 0.5, one, add) == 0.5);
    int most = cadre::reduce(
        p, x, -100, [](int v) { return v; },
        [](int &a, const int &b) {
            if (b > a)
                a = b;
        });
    CHECK(most == 9);
    try {
        cadre::reduce(
            p, 100, 0, [](std::size_t i) { return int(i); },
            [](int, int) -> int { throw std::runtime_error("cannot combine"); });
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(std::string(e.what()).find("cannot combine") != std::string::npos);
    }
}

/* ---- streams ---- */

static void test_stream(const cadre::pool &p)
{
    std::vector<int> x(300);
    std::uint64_t next = 0;

    std::iota(x.begin(), x.end(), 0);
    for (auto &record : cadre::stream(p, x, [](int v) { return 2 * v; })) {
        CHECK(record.index == next && record.value == 2 * int(next) && !record.error);
        next++;
    }
    CHECK(next == 300);
    next = 0;
    for (auto &[index, value, error] : cadre::stream(
             p, CADRE_ENDLESS, [](std::size_t i) { return std::to_string(i); })) {
        CHECK(value == std::to_string(index) && !error);
        if (++next == 100)
            break;
    }
    CHECK(next == 100);
}

static void test_sources(const cadre::pool &p)
{
    int n = 0, seen = 0;
    auto count = [&]() -> std::optional<std::string> {
        return n < 40 ? std::optional(std::to_string(n++)) : std::nullopt;
    };
    auto doubled = cadre::stream(
        p, count, [](std::string_view s) { return std::string(s) + "!"; });

    for (auto &r : cadre::stream(p, std::move(doubled),
                                 [](const std::string &s) { return s.size(); }))
        CHECK(r.value == (seen++ < 10 ? 2u : 3u));
    CHECK(seen == 40);
}

static void test_source_that_throws(const cadre::pool &p)
{
    int n = 0, seen = 0;

    try {
        auto failing = [&]() -> std::optional<int> {
            if (n == 5)
                throw std::out_of_range("five");
            return n++;
        };
        for (auto &r : cadre::stream(p, failing, [](int v) { return v; }))
            CHECK(r.value == seen++);
        CHECK(!"thrown");
    } catch (const std::out_of_range &e) {
        CHECK(std::string(e.what()) == "five");
    }
    CHECK(seen == 5);
}

static void test_stream_failures(const cadre::pool &p)
{
    cadre_job job = {};
    int seen = 0;

    try {
        for (auto &r : cadre::stream(p, 10, [](std::size_t i) { return odd_fails(i); }))
            CHECK(r.value == seen++);
        CHECK(!"thrown");
    } catch (const cadre::error &e) {
        CHECK(e.index() == 1 && seen == 1);
    }
    job.on_error = CADRE_KEEP_GOING;
    for (auto &r : cadre::stream(
             p, 10, [](std::size_t i) { return odd_fails(i); }, job)) {
        CHECK(!r.error == (r.index % 2 == 0));
        CHECK(r.value == (r.error ? 0 : int(r.index)));
    }
}

static void test_explain(const cadre::pool &p)
{
    CHECK(p.explain().find("backend:") == 0);
    CHECK(p.workers() >= 1);
}

int main()
{
    cadre::pool p = open_pool();

#define RUN(name) run(#name, name, p)
    RUN(test_indices);
    RUN(test_arrays);
    RUN(test_types);
    RUN(test_portable);
    RUN(test_random);
    RUN(test_per_worker);
    RUN(test_indexes);
    RUN(test_kept_state);
    RUN(test_for_each);
    RUN(test_what_is_thrown_fails_its_task);
    RUN(test_keep_going);
    RUN(test_refusal);
    RUN(test_bad_options);
    RUN(test_reduce);
    RUN(test_stream);
    RUN(test_sources);
    RUN(test_source_that_throws);
    RUN(test_stream_failures);
    RUN(test_explain);
    if (captures()) {
        RUN(test_captures);
        RUN(test_shared_array);
    }
    std::printf("1..%d\n", points);
    return failures ? 1 : 0;
}
