/* stream.hpp - streams as ranges, and what they have their items from; part of cadre.hpp.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_CPP_STREAM_HPP
#define CADRE_CPP_STREAM_HPP

#include <cadre/cpp/kernel.hpp>
#include <cadre/stream.h>

#include <optional>

namespace cadre
{

/* ---- records ---- */

/* What a stream hands out for an item. */
template <class T> struct record {
    std::uint64_t index = 0;
    T value{};                          /* T() for a task that failed */
    const cadre_error *error = nullptr; /* keep going: why there is no value */
};

template <> struct record<void> {
    std::uint64_t index = 0;
    const cadre_error *error = nullptr;
};

namespace detail
{

struct close_stream {
    void operator()(cadre_stream *s) const noexcept { cadre_stream_close(s); }
};

/* A stream, and what it needs for as long as it is open. */
struct opened {
    std::exception_ptr thrown; /* by the source */
    virtual ~opened() = default;
    virtual cadre_stream *get() const noexcept = 0;
};

template <class T> void read_record(record<T> &out, const cadre_record &r)
{
    out.index = r.index;
    out.error = r.error;
    if constexpr (std::is_void_v<T>)
        return;
    else if (r.error)
        out.value = T();
    else if constexpr (is_fixed<T>)
        std::memcpy(static_cast<void *>(&out.value), r.data, sizeof(T));
    else
        out.value = bytes<T>::make({ static_cast<const char *>(r.data), r.size });
}

} // namespace detail

/* The records of a stream, each once: a range for a for loop. The stream ends with it, at
 * any moment. It belongs to the thread that made it, except for stop(). */
template <class T> class records
{
  public:
    using value_type = T;

    class iterator
    {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = record<T>;
        using difference_type = std::ptrdiff_t;
        using pointer = record<T> *;
        using reference = record<T> &;

        iterator() noexcept : of_(nullptr) {}
        explicit iterator(records *of) : of_(of) { ++*this; }
        reference operator*() const noexcept { return of_->now_; }
        pointer operator->() const noexcept { return &of_->now_; }
        iterator &operator++()
        {
            if (!of_->next())
                of_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator a, iterator b) noexcept
        {
            return a.of_ == b.of_;
        }
        friend bool operator!=(iterator a, iterator b) noexcept
        {
            return a.of_ != b.of_;
        }

      private:
        records *of_;
    };

    explicit records(std::unique_ptr<detail::opened> s) noexcept : stream_(std::move(s))
    {
    }
    iterator begin() { return iterator(this); }
    iterator end() noexcept { return iterator(); }
    cadre_stream *get() const noexcept { return stream_->get(); }
    void stop() const noexcept { cadre_stream_stop(get()); }

    cadre_flow flow() const noexcept
    {
        cadre_flow flow;
        cadre_stream_flow(get(), &flow);
        return flow;
    }

  private:
    bool next()
    {
        cadre_record r;
        cadre_error err;
        int rc = cadre_stream_next(get(), &r, &err);

        if (rc == CADRE_DONE)
            return false;
        if (rc == CADRE_ESOURCE && stream_->thrown)
            std::rethrow_exception(stream_->thrown);
        if (rc)
            throw error(err);
        detail::read_record(now_, r);
        return true;
    }

    std::unique_ptr<detail::opened> stream_;
    record<T> now_;
};

/* ---- sources ---- */

/* The lines of a file without their ends, as std::string or std::string_view. "-" is
 * standard input. */
class lines
{
  public:
    explicit lines(const std::string &path)
    {
        cadre_error err;
        cadre_file *file;
        if (cadre_file_open(&file, path.c_str(), 0, &err))
            throw error(err);
        file_.reset(file);
    }
    cadre_file *get() const noexcept { return file_.get(); }

  private:
    struct close {
        void operator()(cadre_file *f) const noexcept { cadre_file_close(f); }
    };
    std::unique_ptr<cadre_file, close> file_;
};

namespace detail
{

/* Called by the stream for each item; what is put stays until the next call. */
template <class Feed> int pull(void *arg, void *item, cadre_error *err)
{
    Feed &feed = *static_cast<Feed *>(arg);

    try {
        return feed.next(item) ? CADRE_OK : CADRE_DONE;
    } catch (const std::exception &e) {
        *feed.thrown = std::current_exception();
        return cadre_source_fail(err, 1, "%s", e.what());
    } catch (...) {
        *feed.thrown = std::current_exception();
        return cadre_source_fail(err, 1, "what was thrown is no std::exception");
    }
}

template <class T> void put(void *item, const T &value)
{
    if constexpr (is_fixed<T>) {
        std::memcpy(item, static_cast<const void *>(&value), sizeof(T));
    } else {
        std::string_view b = bytes<T>::view(value);
        *static_cast<cadre_bytes *>(item) = { const_cast<char *>(b.data()), b.size() };
    }
}

template <class T> struct is_optional : std::false_type {
};
template <class T> struct is_optional<std::optional<T>> : std::true_type {
};
template <class T> struct is_records : std::false_type {
};
template <class T> struct is_records<records<T>> : std::true_type {
};

/* Source is a type, or a reference to what stays where it is. */
template <class Source> struct from_function {
    using result = std::invoke_result_t<std::remove_reference_t<Source> &>;
    static_assert(is_optional<result>::value,
                  "a source is a range, or a function that returns std::optional");
    using item = typename result::value_type;
    Source source;
    std::exception_ptr *thrown;
    result now{};

    void describe(cadre_job &job)
    {
        job.source = pull<from_function>;
        job.source_arg = this;
    }
    bool next(void *where)
    {
        now = source();
        if (now)
            put<item>(where, *now);
        return now.has_value();
    }
};

template <class Source> struct from_range {
    using iterator =
        decltype(std::begin(std::declval<std::remove_reference_t<Source> &>()));
    using item = typename std::iterator_traits<iterator>::value_type;
    Source source;
    std::exception_ptr *thrown;
    std::optional<iterator> at{};
    std::optional<item> now{};

    void describe(cadre_job &job)
    {
        job.source = pull<from_range>;
        job.source_arg = this;
    }
    bool next(void *where)
    {
        if (at)
            ++*at;
        else
            at.emplace(std::begin(source));
        if (*at == std::end(source))
            return false;
        now.emplace(**at);
        put<item>(where, *now);
        return true;
    }
};

template <class Source> struct from_lines {
    using item = std::string;
    Source source;
    std::exception_ptr *thrown;
    void describe(cadre_job &job)
    {
        job.source = cadre_file_source;
        job.source_arg = source.get();
    }
};

template <class Source> struct from_records {
    using item = typename std::remove_reference_t<Source>::value_type;
    Source source;
    std::exception_ptr *thrown;
    void describe(cadre_job &job)
    {
        job.source = cadre_stream_source;
        job.source_arg = source.get();
    }
};

template <class Source> auto feed_type()
{
    using S = std::remove_cv_t<std::remove_reference_t<Source>>;
    if constexpr (std::is_same_v<S, lines>)
        return std::common_type<from_lines<Source>>();
    else if constexpr (is_records<S>::value)
        return std::common_type<from_records<Source>>();
    else if constexpr (std::is_invocable_v<S &>)
        return std::common_type<from_function<Source>>();
    else
        return std::common_type<from_range<Source>>();
}
template <class Source> using feed_of = typename decltype(feed_type<Source>())::type;

/* ---- a function over the items of a source ---- */

/* Strings go as views to functions that take those. */
template <class F, class T>
inline constexpr bool
    takes_view = std::is_same_v<T, std::string> &&
                 (std::is_invocable_v<F &, task &, std::string_view> ||
                  std::is_invocable_v<F &, std::string_view>);

template <class F, class T>
using argument = std::conditional_t<takes_view<F, T>, std::string_view, const T &>;

template <class Held, class T> struct over_source {
    static constexpr bool portable = Held::portable;
    using function = function_of<Held>;
    using result = result_of<function_of<Held>, argument<function_of<Held>, T>>;
    Held held;

    void describe(cadre_job &job) const
    {
        job.item_size = is_fixed<T> ? sizeof(T) : CADRE_BYTES;
    }
    result run(cadre_task *t, const void *item) const
    {
        if constexpr (is_fixed<T>) {
            return call(held.get(), t, *static_cast<const T *>(item));
        } else {
            const cadre_bytes &b = *static_cast<const cadre_bytes *>(item);
            std::string_view view(static_cast<const char *>(b.data), b.size);
            if constexpr (takes_view<function_of<Held>, T>)
                return call(held.get(), t, view);
            else
                return call(
                    held.get(), t,
                    std::as_const(static_cast<const T &>(bytes<T>::make(view))));
        }
    }
};

/* Members end in the opposite order: the stream first. */
template <class F, class Feed, class Over> struct stream_of : opened {
    F f;
    Feed feed;
    Over over;
    std::unique_ptr<cadre_stream, close_stream> stream;

    template <class Source>
    stream_of(Source &&source, F &&function)
        : f(std::forward<F>(function)), feed{ std::forward<Source>(source), &thrown },
          over{ hold(f) }
    {
    }
    cadre_stream *get() const noexcept override { return stream.get(); }
};

template <class F, class Over> struct stream_of_indices : opened {
    F f;
    Over over;
    std::unique_ptr<cadre_stream, close_stream> stream;

    stream_of_indices(std::uint64_t n, F &&function)
        : f(std::forward<F>(function)), over{ hold(f), n }
    {
    }
    cadre_stream *get() const noexcept override { return stream.get(); }
};

template <class R, class Opened>
records<R> open(const pool &p, std::unique_ptr<Opened> o, cadre_job &job)
{
    cadre_stream *s;
    cadre_error err;

    if constexpr (!std::is_void_v<R>)
        check_value<R>();
    if constexpr (is_fixed<R>)
        job.result_size = sizeof(R);
    else
        job.result_size = 0;
    if (cadre_stream_open(&s, p.get(), &job, &err))
        raise(p, job, err);
    o->stream.reset(s);
    return records<R>(std::move(o));
}

template <class F>
using held_of = decltype(hold(std::declval<std::remove_reference_t<F> &>()));

template <class Source, class F>
auto open_stream(const pool &p, Source &&source, F &&f, cadre_job &job)
{
    using Held = held_of<F>;
    if constexpr (std::is_integral_v<std::remove_reference_t<Source>>) {
        using Over = over_indices<Held>;
        auto o = std::make_unique<stream_of_indices<F, Over>>(
            static_cast<std::uint64_t>(source), std::forward<F>(f));
        describe<typename Over::result>(job, o->over);
        return open<typename Over::result>(p, std::move(o), job);
    } else {
        using Feed = feed_of<Source>;
        using Over = over_source<Held, typename Feed::item>;
        check_value<typename Feed::item>();
        auto o = std::make_unique<stream_of<F, Feed, Over>>(
            std::forward<Source>(source), std::forward<F>(f));
        describe<typename Over::result>(job, o->over);
        o->feed.describe(job);
        return open<typename Over::result>(p, std::move(o), job);
    }
}

} // namespace detail

/* f over what a source gives, item by item: n indices, or CADRE_ENDLESS ones; the items of
 * a range, which is read as the stream goes on; what a function returns, a std::optional
 * that is empty at the end; lines of a file; the values of another stream. What is not
 * given as a temporary, and the pool, must stay as long as the records. */
template <class Source, class F>
auto stream(const pool &p, Source &&source, F &&f, cadre_job job = {})
{
    return detail::open_stream(p, std::forward<Source>(source), std::forward<F>(f),
                               job);
}

} // namespace cadre

#endif
