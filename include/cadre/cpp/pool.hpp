/* pool.hpp - errors, pools and shared memory for C++; part of cadre.hpp.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_CPP_POOL_HPP
#define CADRE_CPP_POOL_HPP

#include <cadre/cadre.h>

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace cadre
{

/* ---- errors ---- */

/* What went wrong outside of kernels. index() is CADRE_NO_ITEM where no task is to blame. */
class error : public std::runtime_error
{
  public:
    explicit error(const cadre_error &e) : std::runtime_error(e.message), details_(e) {}
    int code() const noexcept { return details_.code; }
    int user() const noexcept { return details_.user; }
    std::uint64_t index() const noexcept { return details_.item; }
    const cadre_error &details() const noexcept { return details_; }

  private:
    cadre_error details_;
};

/* To throw in a kernel: its task fails with the number, not 0, and the text. */
class failure : public std::runtime_error
{
  public:
    failure(int user, const std::string &text) : std::runtime_error(text), user_(user)
    {
    }
    int user() const noexcept { return user_; }

  private:
    int user_;
};

/* ---- pools ---- */

/* Workers, ready; closed at the end of its life. pool(nullptr) runs everything right here,
 * in the caller's thread. */
class pool
{
  public:
    pool() : pool(cadre_options{}) {}
    explicit pool(std::nullptr_t) noexcept : pool_(nullptr) {}
    explicit pool(const cadre_options &options) : pool_(nullptr)
    {
        cadre_error err;
        cadre_pool *opened;
        if (cadre_open(&opened, &options, &err))
            throw error(err);
        pool_.reset(opened);
    }

    cadre_pool *get() const noexcept { return pool_.get(); }
    unsigned workers() const noexcept { return cadre_workers(get()); }
    const char *backend() const noexcept { return cadre_backend_name(get()); }
    void cancel() const noexcept { cadre_cancel(get()); }

    std::string explain(const cadre_job *job = nullptr) const
    {
        std::string text(CADRE_EXPLAIN_MAX, '\0');
        cadre_error err;
        if (cadre_explain(get(), job, &text[0], text.size(), &err))
            throw error(err);
        text.resize(std::strlen(text.c_str()));
        return text;
    }

  private:
    struct close {
        void operator()(cadre_pool *p) const noexcept { cadre_close(p); }
    };
    std::unique_ptr<cadre_pool, close> pool_;
};

/* Zeroed elements that worker processes write to as well. */
template <class T> class shared_array
{
    static_assert(std::is_trivially_copyable_v<T>, "processes share plain bytes");

  public:
    explicit shared_array(std::size_t n) : size_(n)
    {
        cadre_error err;
        if (n > SIZE_MAX / sizeof(T))
            throw std::bad_array_new_length();
        data_.reset(static_cast<T *>(cadre_alloc_shared(n ? n * sizeof(T) : 1, &err)));
        if (!data_)
            throw error(err);
    }
    T *data() const noexcept { return data_.get(); }
    std::size_t size() const noexcept { return size_; }
    T *begin() const noexcept { return data(); }
    T *end() const noexcept { return data() + size_; }
    T &operator[](std::size_t i) const noexcept { return data()[i]; }

  private:
    struct free {
        void operator()(T *p) const noexcept { cadre_free_shared(p); }
    };
    std::unique_ptr<T, free> data_;
    std::size_t size_;
};

} // namespace cadre

#endif
