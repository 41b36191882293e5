/* task.hpp - what a kernel sees in C++, and how values cross to workers; part of cadre.hpp.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_CPP_TASK_HPP
#define CADRE_CPP_TASK_HPP

#include <cadre/cpp/pool.hpp>
#include <cadre/random.h>

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cadre
{

/* ---- what a kernel sees ---- */

/* A random stream as the standard library wants its generators: std::shuffle takes it. */
class rng
{
  public:
    using result_type = std::uint64_t;
    explicit rng(cadre_rng *r) noexcept : r_(r) {}
    static constexpr result_type(min)() noexcept { return 0; }
    static constexpr result_type(max)() noexcept { return UINT64_MAX; }
    result_type operator()() noexcept { return cadre_rng_u64(r_); }
    double uniform() noexcept { return cadre_rng_uniform(r_); }
    double normal() noexcept { return cadre_rng_normal(r_); }
    std::uint64_t below(std::uint64_t n) noexcept { return cadre_rng_below(r_, n); }
    cadre_rng *get() const noexcept { return r_; }

  private:
    cadre_rng *r_;
};

/* Good for the time of the call, in its thread. */
class task
{
  public:
    explicit task(cadre_task *t) noexcept : t_(t) {}
    std::uint64_t index() const noexcept { return cadre_task_index(t_); }
    bool cancelled() const noexcept { return cadre_task_cancelled(t_); }
    cadre::rng rng() const noexcept { return cadre::rng(cadre_task_rng(t_)); }
    cadre_task *get() const noexcept { return t_; }

    /* The worker's own memory: n of T, as the worker's last task left it, or zeros. */
    template <class T> T *scratch(std::size_t n) const
    {
        static_assert(std::is_trivially_copyable_v<T>, "scratch memory is plain bytes");
        void *memory =
            n > SIZE_MAX / sizeof(T) ? nullptr : cadre_task_scratch(t_, n * sizeof(T));
        if (!memory && n > 0)
            throw std::bad_alloc();
        return static_cast<T *>(memory);
    }

  private:
    cadre_task *t_;
};

/* ---- how items and results of any size cross to and from workers ---- */

/* Specialise it for types of your own: the bytes of a value, and a value of such bytes. */
template <class T, class = void> struct bytes {
    static constexpr bool known = false;
};

template <> struct bytes<std::string> {
    static constexpr bool known = true;
    static std::string_view view(const std::string &s) noexcept { return s; }
    static std::string make(std::string_view b) { return std::string(b); }
};

template <class T, class A>
struct bytes<std::vector<T, A>, std::enable_if_t<std::is_trivially_copyable_v<T> &&
                                                 !std::is_same_v<T, bool>>> {
    static constexpr bool known = true;
    static std::string_view view(const std::vector<T, A> &v) noexcept
    {
        return { reinterpret_cast<const char *>(v.data()), v.size() * sizeof(T) };
    }
    static std::vector<T, A> make(std::string_view b)
    {
        std::vector<T, A> v(b.size() / sizeof(T));
        if (!v.empty())
            std::memcpy(v.data(), b.data(), b.size());
        return v;
    }
};

/* A kernel that uses what it is given and what it captured by value, and no pointers: one
 * that persistent workers can have. That is the program's promise. */
template <class F> struct portable_kernel {
    static_assert(std::is_trivially_copyable_v<F>,
                  "a portable kernel captures plain values only");
    F f;
};
template <class F> portable_kernel<std::decay_t<F>> portable(F &&f)
{
    return { std::forward<F>(f) };
}

namespace detail
{

/* A function with a state of each worker's before its other arguments. */
template <class Make, class F> struct stateful {
    using state = std::decay_t<std::invoke_result_t<Make &>>;
    mutable Make make;
    mutable F f;

    template <class X, std::enable_if_t<std::is_invocable_v<F &, state &, task &, X> ||
                                            std::is_invocable_v<F &, state &, X>,
                                        int> = 0>
    decltype(auto) operator()(task &t, X &&x) const
    {
        state &s = *static_cast<state *>(cadre_task_state(t.get()));
        if constexpr (std::is_invocable_v<F &, state &, task &, X>)
            return f(s, t, std::forward<X>(x));
        else
            return f(s, std::forward<X>(x));
    }
};

} // namespace detail

/* A kernel f(state, task, x) or f(state, x), where state is what make() returned: called once
 * by each worker before its first task of the run, and destroyed after its last. */
template <class Make, class F> auto per_worker(Make &&make, F &&f)
{
    return detail::stateful<std::decay_t<Make>, std::decay_t<F>>{
        std::forward<Make>(make), std::forward<F>(f)
    };
}

} // namespace cadre

#endif
