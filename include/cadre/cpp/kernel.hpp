/* kernel.hpp - from a function object and its items to a job; inside of cadre.hpp.
 * SPDX-License-Identifier: MIT
 *
 * A job's shared bytes are an object that knows the function and, where they are no plain
 * array, its items: its member run(task, item) calls the one with the other. The kernel of
 * the job is kernel<Shared, R>, which calls that and puts what comes into its place.
 */
#ifndef CADRE_CPP_KERNEL_HPP
#define CADRE_CPP_KERNEL_HPP

#include <cadre/cpp/task.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace cadre
{
namespace detail
{

/* ---- calling ---- */

template <class F, class A> decltype(auto) call(F &f, cadre_task *t, A &&a)
{
    if constexpr (std::is_invocable_v<F &, task &, A>) {
        task handle(t);
        return f(handle, std::forward<A>(a));
    } else {
        static_assert(std::is_invocable_v<F &, A>,
                      "a kernel is called as f(task, x) or as f(x)");
        (void)t;
        return f(std::forward<A>(a));
    }
}

template <class F, class A>
using result_of = std::decay_t<decltype(detail::call(std::declval<F &>(), nullptr,
                                                     std::declval<A>()))>;

/* What leaves the body as an exception is the failure of the task. */
template <class Body> int guarded(cadre_task *t, Body &&body)
{
    try {
        body();
        return 0;
    } catch (const failure &e) {
        return cadre_task_fail(t, e.user(), "%s", e.what());
    } catch (const std::exception &e) {
        return cadre_task_fail(t, 1, "%s", e.what());
    } catch (...) {
        return cadre_task_fail(t, 1, "what was thrown is no std::exception");
    }
}

/* ---- values ---- */

template <class T>
inline constexpr bool is_fixed = std::is_trivially_copyable_v<T> &&
                                 alignof(T) <= alignof(std::max_align_t);
template <> inline constexpr bool is_fixed<void> = false;

template <class T> constexpr void check_value()
{
    static_assert(
        is_fixed<T> || bytes<T>::known,
        "not a type whose values can cross to another process: trivially "
        "copyable, std::string, std::vector of such; or specialise cadre::bytes");
}

/* Room for a T that is trivially copyable, but may have no default constructor. */
template <class T> struct cell {
    alignas(T) unsigned char room[sizeof(T)];
    const T &value() const noexcept
    {
        return *std::launder(reinterpret_cast<const T *>(room));
    }
};

template <class Shared, class R>
int kernel(cadre_task *t, const void *item, void *result)
{
    return guarded(t, [&] {
        const Shared &shared = *static_cast<const Shared *>(cadre_task_shared(t));
        if constexpr (std::is_void_v<R>) {
            shared.run(t, item);
        } else if constexpr (is_fixed<R>) {
            ::new (result) R(shared.run(t, item));
        } else {
            const R value = shared.run(t, item);
            std::string_view b = bytes<R>::view(value);
            cadre_task_emit(t, b.data(), b.size()); /* if it cannot, the task fails */
        }
        (void)result;
    });
}

/* ---- functions ---- */

/* Where the function lies in its caller's memory, or in the shared bytes themselves. */
template <class F> struct by_address {
    static constexpr bool portable = false;
    F *f;
    F &get() const noexcept { return *f; }
};

template <class F> struct by_value {
    static constexpr bool portable = true;
    F f;
    const F &get() const noexcept { return f; }
};

template <class F>
inline constexpr bool captures_nothing =
    std::is_empty_v<F> &&std::is_trivially_copyable_v<F>;

template <class Make, class F>
inline constexpr bool captures_nothing<stateful<Make, F>> =
    captures_nothing<Make> &&captures_nothing<F>;

template <class F> inline constexpr bool is_stateful = false;
template <class Make, class F>
inline constexpr bool is_stateful<stateful<Make, F>> = true;

template <class F> auto hold(F &f)
{
    if constexpr (captures_nothing<std::remove_const_t<F>>)
        return by_value<std::remove_const_t<F>>{ f };
    else
        return by_address<F>{ &f };
}
template <class F> by_value<F> hold(portable_kernel<F> &f)
{
    return { f.f };
}
template <class F> by_value<F> hold(const portable_kernel<F> &f)
{
    return { f.f };
}

template <class Held>
using function_of = std::remove_reference_t<decltype(std::declval<Held>().get())>;

/* ---- functions over items ---- */

template <class Held> struct over_indices {
    static constexpr bool portable = Held::portable;
    using function = function_of<Held>;
    using result = result_of<function_of<Held>, std::size_t>;
    Held held;
    std::uint64_t n;

    void describe(cadre_job &job) const { job.n = n; }
    result run(cadre_task *t, const void *) const
    {
        return call(held.get(), t, static_cast<std::size_t>(cadre_task_index(t)));
    }
};

template <class Held, class T> struct over_array {
    static constexpr bool portable = Held::portable && std::is_trivially_copyable_v<T>;
    using function = function_of<Held>;
    using result = result_of<function_of<Held>, const T &>;
    Held held;
    const T *data;
    std::uint64_t n;

    void describe(cadre_job &job) const
    {
        job.n = n;
        job.items = data;
        job.item_size = sizeof(T);
    }
    result run(cadre_task *t, const void *item) const
    {
        return call(held.get(), t, *static_cast<const T *>(item));
    }
};

/* Of a range without random access the iterators are kept. */
template <class Held, class Iterator, class Places> struct over_range {
    static constexpr bool portable = false;
    using function = function_of<Held>;
    using result = result_of<function_of<Held>, decltype(*std::declval<Iterator &>())>;
    Held held;
    Places places;
    std::uint64_t n;
    /* Of the job, when it is described: before there are workers. */
    mutable const std::uint64_t *indexes = nullptr;
    mutable std::uint64_t n_indexes = 0;

    void describe(cadre_job &job) const
    {
        job.n = n;
        indexes = job.indexes;
        n_indexes = job.n_indexes;
    }

    /* Where among the items the task's is: indexes grow, and count on after the last. */
    std::uint64_t position(std::uint64_t index) const
    {
        if (n_indexes == 0)
            return index;
        if (index > indexes[n_indexes - 1])
            return n_indexes + (index - indexes[n_indexes - 1] - 1);
        return static_cast<std::uint64_t>(
            std::lower_bound(indexes, indexes + n_indexes, index) - indexes);
    }
    result run(cadre_task *t, const void *) const
    {
        auto i = static_cast<std::ptrdiff_t>(position(cadre_task_index(t)));
        if constexpr (std::is_same_v<Iterator, Places>)
            return call(held.get(), t, places[i]);
        else
            return call(held.get(), t, *places[static_cast<std::size_t>(i)]);
    }
};

template <class R, class = void> inline constexpr bool is_array = false;
template <class R>
inline constexpr bool
    is_array<R, std::void_t<decltype(std::data(std::declval<R &>())),
                            decltype(std::size(std::declval<R &>()))>> = true;

template <class Held, class Range> auto over(Held held, const Range &range)
{
    using std::begin;
    using std::end;
    using Iterator = decltype(begin(range));
    using category = typename std::iterator_traits<Iterator>::iterator_category;
    static_assert(std::is_base_of_v<std::forward_iterator_tag, category>,
                  "items that can be read only once are for cadre::stream");

    if constexpr (is_array<const Range>) {
        using T =
            std::remove_const_t<std::remove_pointer_t<decltype(std::data(range))>>;
        return over_array<Held, T>{ held, std::data(range), std::size(range) };
    } else if constexpr (std::is_base_of_v<std::random_access_iterator_tag, category>) {
        auto n = static_cast<std::uint64_t>(end(range) - begin(range));
        return over_range<Held, Iterator, Iterator>{ held, begin(range), n };
    } else {
        std::vector<Iterator> places;
        for (Iterator i = begin(range); i != end(range); ++i)
            places.push_back(i);
        auto n = static_cast<std::uint64_t>(places.size());
        return over_range<Held, Iterator, std::vector<Iterator>>{ held,
                                                                  std::move(places),
                                                                  n };
    }
}

template <class Items, class F> auto make_items(const Items &items, F &f)
{
    if constexpr (std::is_integral_v<Items>)
        return over_indices<decltype(hold(f))>{ hold(f),
                                                static_cast<std::uint64_t>(items) };
    else
        return over(hold(f), items);
}

/* ---- jobs ---- */

template <class Shared> int begin_state(cadre_task *t, void **state)
{
    using S = typename std::remove_const_t<typename Shared::function>::state;
    return guarded(t, [&] {
        const Shared &shared = *static_cast<const Shared *>(cadre_task_shared(t));
        *state = new S(shared.held.get().make());
    });
}

template <class S> void end_state(void *state)
{
    delete static_cast<S *>(state);
}

/* All of the job but its policy and where results go. */
template <class R, class Shared> void describe(cadre_job &job, const Shared &shared)
{
    job.fn = kernel<Shared, R>;
    job.range_fn = nullptr;
    job.fold = nullptr;
    job.items = nullptr;
    job.columns = nullptr;
    job.n_columns = 0;
    job.source = nullptr;
    job.range_source = nullptr;
    job.results = nullptr;
    job.emitted = nullptr;
    job.shared = &shared;
    job.shared_size = Shared::portable ? sizeof shared : 0;
    using F = std::remove_const_t<typename Shared::function>;
    job.worker_begin = nullptr;
    job.worker_end = nullptr;
    if constexpr (is_stateful<F>) {
        job.worker_begin = begin_state<Shared>;
        job.worker_end = end_state<typename F::state>;
    }
    shared.describe(job);
}

/* Whether some task has not run, though the job keeps going over failed ones. */
inline bool is_incomplete(const cadre_job &job, const cadre_error &err)
{
    if (job.on_error != CADRE_KEEP_GOING || err.item == CADRE_NO_ITEM || !job.statuses)
        return true;
    for (std::uint64_t i = 0; i < job.n; i++)
        if (job.statuses[i] == CADRE_ECANCELLED)
            return true;
    return false;
}

[[noreturn]] inline void raise(const pool &p, const cadre_job &job,
                               const cadre_error &err)
{
    cadre_error e = err;
    static const char text[] =
        "persistent workers do not have the memory that this function reaches into: let "
        "it capture nothing, or plain values in cadre::portable, over indices or an array";

    if (err.code == CADRE_EINVAL && job.shared_size == 0 &&
        !cadre_shares_memory(p.get()))
        std::memcpy(e.message, text, sizeof text);
    throw error(e);
}

inline void check(const pool &p, const cadre_job &job, int rc, const cadre_error &err)
{
    if (rc && is_incomplete(job, err))
        raise(p, job, err);
}

} // namespace detail
} // namespace cadre

#endif
