/* cpp.hpp - what the test of cadre.hpp has beside its points: a pool, and a count.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_TESTS_CPP_HPP
#define CADRE_TESTS_CPP_HPP

#include <cadre/cadre.hpp>

#include <cstdio>
#include <cstdlib>

static int points, failures;

#define CHECK(what)                                                            \
    do {                                                                       \
        if (!(what)) {                                                         \
            std::printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
            failures++;                                                        \
        }                                                                      \
    } while (0)

/* A pool as the environment says. Captures are what persistent workers cannot have. */
static std::string backend()
{
    const char *name = std::getenv("CADRE_TEST_BACKEND");
    return name ? name : "threads";
}

static bool captures()
{
    return backend() != "persistent";
}

static cadre_options options()
{
    cadre_options opt = {};
    const char *workers = std::getenv("CADRE_TEST_WORKERS");

    static std::string name;
    name = captures() ? backend() : "processes";
    opt.backend = name.c_str();
    opt.workers = workers ? std::atoi(workers) : 2;
    opt.oversubscribe = true;
    opt.ignore_environment = true;
    opt.min_items = 1;
    opt.persistent = !captures();
    return opt;
}

static cadre::pool open_pool()
{
    return backend() == "null" ? cadre::pool(nullptr) : cadre::pool(options());
}

static void run(const char *name, void (*test)(const cadre::pool &),
                const cadre::pool &p)
{
    int before = failures;

    try {
        test(p);
    } catch (const std::exception &e) {
        std::printf("# %s: %s\n", name, e.what());
        failures++;
    }
    std::printf("%sok %d - %s\n", failures > before ? "not " : "", ++points, name);
    std::fflush(stdout);
}

#endif
