/* cadre.hpp - cadre for C++17: lambdas as kernels, ranges in and out, exceptions.
 * SPDX-License-Identifier: MIT
 *
 *     cadre::pool pool;
 *     auto roots = cadre::map(pool, numbers, [](double x) { return std::sqrt(x); });
 *     double sum = cadre::reduce(pool, n, 0.0, [&](std::size_t i) { return f(i); },
 *                                [](double a, double b) { return a + b; });
 *     for (auto &record : cadre::stream(pool, cadre::lines("log"), parse))
 *         use(record.index, record.value);
 *
 * A kernel is called as f(task, x), or as f(x) if that is all it takes; x is an item of
 * a range, or an index. All workers call the same lambda, threads at the same time. What
 * it returns is the result: of a trivially copyable type, a std::string, a std::vector of
 * trivially copyable elements, or of a type that cadre::bytes is specialised for.
 *
 * An exception that leaves a kernel is the failure of its task, with what() as its
 * message; cadre::failure gives a number too. Outside of kernels a failure is thrown, as
 * a cadre::error. What a source throws is thrown again as it is.
 *
 * A lambda that captures something reaches into its caller's memory. It runs on threads
 * and in forked processes; what it writes there in a process is lost, except for its
 * results. Persistent processes can run lambdas that capture nothing, and those that
 * cadre::portable promises to capture plain values only.
 *
 * The last parameter of each call is a cadre_job, of which the policy counts: name, seed,
 * indexes, chunk, prefetch, on_error with statuses, deadline, retries, timeouts, progress,
 * for cadre::per_worker keep_state, and for streams window, memory_limit and unordered.
 */
#ifndef CADRE_CADRE_HPP
#define CADRE_CADRE_HPP

#include <cadre/cpp/map.hpp>
#include <cadre/cpp/pool.hpp>
#include <cadre/cpp/stream.hpp>
#include <cadre/cpp/task.hpp>

#endif
