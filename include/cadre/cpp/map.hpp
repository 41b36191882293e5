/* map.hpp - maps and reductions of function objects; part of cadre.hpp.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_CPP_MAP_HPP
#define CADRE_CPP_MAP_HPP

#include <cadre/cpp/kernel.hpp>

#include <memory>

namespace cadre
{
namespace detail
{

template <class R, class Over>
std::vector<R> map_fixed(const pool &p, const Over &over, cadre_job &job)
{
    constexpr bool direct =
        std::is_default_constructible_v<R> && !std::is_same_v<R, bool>;
    std::vector<std::conditional_t<direct, R, cell<R>>> out(
        static_cast<std::size_t>(over.n));
    cadre_error err;

    job.results = out.data();
    job.result_size = sizeof(R);
    check(p, job, cadre_map(p.get(), &job, &err), err);
    if constexpr (direct) {
        return out;
    } else {
        std::vector<R> values;
        values.reserve(out.size());
        for (const cell<R> &c : out)
            values.push_back(c.value());
        return values;
    }
}

struct emitted {
    std::vector<cadre_bytes> pieces;
    explicit emitted(std::uint64_t n) : pieces(static_cast<std::size_t>(n)) {}
    emitted(const emitted &) = delete;
    emitted &operator=(const emitted &) = delete;
    ~emitted() { cadre_bytes_free(pieces.data(), pieces.size()); }
};

template <class R, class Over>
std::vector<R> map_emitted(const pool &p, const Over &over, cadre_job &job)
{
    emitted out(over.n);
    std::vector<R> values;
    cadre_error err;

    job.emitted = out.pieces.data();
    check(p, job, cadre_map(p.get(), &job, &err), err);
    values.reserve(out.pieces.size());
    for (const cadre_bytes &b : out.pieces)
        values.push_back(bytes<R>::make({ static_cast<const char *>(b.data), b.size }));
    return values;
}

template <class Over> auto map(const pool &p, const Over &over, cadre_job &job)
{
    using R = typename Over::result;
    cadre_error err;

    describe<R>(job, over);
    if constexpr (std::is_void_v<R>) {
        check(p, job, cadre_map(p.get(), &job, &err), err);
    } else {
        check_value<R>();
        if constexpr (is_fixed<R>)
            return map_fixed<R>(p, over, job);
        else
            return map_emitted<R>(p, over, job);
    }
}

template <class F> int each_index(cadre_task *t, std::uint64_t index, void *f)
{
    return guarded(
        t, [&] { call(*static_cast<F *>(f), t, static_cast<std::size_t>(index)); });
}

/* ---- reductions ---- */

template <class C, class T> void combine_into(C &c, T &into, const T &from)
{
    if constexpr (std::is_void_v<std::invoke_result_t<C &, T &, const T &>>)
        c(into, from);
    else
        into = c(std::as_const(into), from);
}

template <class Over, class HeldC> struct folded : Over {
    static constexpr bool portable = Over::portable && HeldC::portable;
    HeldC combine;
    folded(const Over &o, HeldC c) : Over(o), combine(c) {}
};

template <class Folded, class T> int fold(cadre_task *t, void *into, const void *from)
{
    return guarded(t, [&] {
        const Folded &f = *static_cast<const Folded *>(cadre_task_shared(t));
        combine_into(f.combine.get(), *static_cast<T *>(into),
                     *static_cast<const T *>(from));
    });
}

inline bool is_any_done(const cadre_job &job)
{
    if (job.on_error != CADRE_KEEP_GOING)
        return job.n > 0;
    for (std::uint64_t i = 0; i < job.n; i++)
        if (job.statuses[i] == CADRE_OK)
            return true;
    return false;
}

template <class T, class Over, class C>
T reduce(const pool &p, const Over &over, T init, C &c, cadre_job &job)
{
    using Folded = folded<Over, decltype(hold(c))>;
    static_assert(is_fixed<T>, "what is combined is trivially copyable");
    Folded shared(over, hold(c));
    cadre_error err;
    cell<T> sum;
    int rc;

    describe<T>(job, shared);
    job.result_size = sizeof(T);
    rc = cadre_reduce(p.get(), &job, fold<Folded, T>, &sum, &err);
    check(p, job, rc, err);
    if (is_any_done(job))
        combine_into(shared.combine.get(), init, sum.value());
    return init;
}

} // namespace detail

/* f for each index below n, for what it does to the caller's memory: on threads that last as
 * long as the call, without a pool to open. */
template <class F> void for_each(std::size_t n, F &&f)
{
    cadre_error err;

    if (cadre_for(n, detail::each_index<std::remove_reference_t<F>>,
                  const_cast<void *>(static_cast<const void *>(std::addressof(f))),
                  &err))
        throw error(err);
}

/* f for each index below n, or for each item of a range: the results in order, in a vector;
 * nothing where f returns void. Throws what a plain loop would meet first. When it keeps
 * going over failed tasks (job.on_error, job.statuses), it throws only if some task could
 * not be run; a failed task's result is then R(). */
template <class Items, class F>
auto map(const pool &p, const Items &items, F &&f, cadre_job job = {})
{
    return detail::map(p, detail::make_items(items, f), job);
}

/* Init and the results of f combined, from left to right in a tree of fixed shape.
 * combine(a, b) returns both combined, or returns void and changes a. */
template <class Items, class T, class F, class C>
T reduce(const pool &p, const Items &items, T init, F &&f, C &&combine,
         cadre_job job = {})
{
    return detail::reduce<T>(p, detail::make_items(items, f), std::move(init), combine,
                             job);
}

} // namespace cadre

#endif
