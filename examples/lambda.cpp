/* lambda.cpp - C++: lambdas as kernels, a container in, a vector out, a stream in a loop.
 * SPDX-License-Identifier: MIT
 *
 * c++ -std=c++17 lambda.cpp $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.hpp>
#include <iostream>

/* How many steps the Collatz sequence takes from n to 1. */
static int steps(unsigned long n)
{
    int count = 0;

    for (; n != 1; count++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return count;
}

int main()
try {
    cadre::pool pool;
    const std::vector<std::string> words{ "one", "parallel", "map" };
    const std::string mark = "!";

    /* A container in, a vector out. The lambda captures what it likes. */
    for (const std::string &word :
         cadre::map(pool, words, [&](const std::string &w) { return w + mark; }))
        std::cout << word << ' ';
    std::cout << '\n';

    /* Indices, combined into one: the longest sequence that begins below a million. */
    struct best {
        unsigned long from;
        int steps;
    };
    const best longest = cadre::reduce(
        pool, 1000000, best{ 0, -1 },
        [](std::size_t i) {
            return best{ i + 1, steps(i + 1) };
        },
        [](const best &a, const best &b) { return b.steps > a.steps ? b : a; });
    std::cout << longest.from << " takes " << longest.steps << " steps\n";

    /* Results as they come, from a source without an end. */
    for (const auto &record :
         cadre::stream(pool, CADRE_ENDLESS, [](std::size_t i) { return steps(i + 1); }))
        if (record.value > 100) {
            std::cout << record.index + 1 << " is the first to take more than 100\n";
            break;
        }

    /* What a kernel throws is its task's failure; the lowest one arrives here. */
    cadre::map(pool, words, [](const std::string &w) {
        if (w.size() > 3)
            throw std::length_error("\"" + w + "\" is too long");
    });
    return 0;
} catch (const cadre::error &e) {
    std::cout << e.what() << '\n';
    return 0;
}
