/* throws.cc - an exception that leaves a C kernel ends the process at once, with its name.
 * SPDX-License-Identifier: MIT
 *
 * usage: throws [map|stream|combine|begin]
 *
 * Without an argument it runs itself with each, and wants each to be killed by SIGABRT,
 * though it would catch the exception.
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

static int fail(cadre_task *, const void *, void *)
{
    throw std::runtime_error("from a kernel");
}

static int work(cadre_task *, const void *, void *)
{
    return 0;
}

static int fail_to_combine(cadre_task *, void *, const void *)
{
    throw std::runtime_error("from combine");
}

static int fail_to_begin(cadre_task *, void **)
{
    throw std::runtime_error("from begin");
}

static void act(const std::string &what)
{
    cadre_job job = {};
    cadre_stream *s;
    cadre_record r;
    long sum = 0;

    job.fn = what == "map" || what == "stream" ? fail : work;
    job.n = 4;
    job.result_size = sizeof sum;
    if (what == "begin")
        job.worker_begin = fail_to_begin;
    if (what == "stream") {
        if (!cadre_stream_open(&s, nullptr, &job, nullptr))
            cadre_stream_next(s, &r, nullptr);
    } else if (what == "combine") {
        cadre_reduce(nullptr, &job, fail_to_combine, &sum, nullptr);
    } else {
        cadre_map(nullptr, &job, nullptr);
    }
}

/* What a process that acts so wrote, and how it ended. */
static int run(const char *self, const char *what, std::string &text)
{
    int ends[2], status = 0;
    char bytes[512];
    ssize_t n;

    if (pipe(ends))
        return 0;
    if (fork() == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl(self, self, what, static_cast<char *>(nullptr));
        _exit(1);
    }
    close(ends[1]);
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
        text.append(bytes, static_cast<std::size_t>(n));
    close(ends[0]);
    wait(&status);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const all[] = { "map", "stream", "combine", "begin" };
    int number = 0, failed = 0;

    if (argc > 1) {
        try {
            act(argv[1]);
        } catch (...) {
            std::fputs("caught: it went through the library\n", stderr);
        }
        return 0;
    }
    std::printf("1..4\n");
    for (const char *what : all) {
        std::string text;
        int status = run(argv[0], what, text);
        bool good = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
                    text.find("runtime_error") != std::string::npos;
        if (!good)
            std::printf("# status %d: %s\n", status, text.c_str());
        std::printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
        failed += !good;
    }
    return failed ? 1 : 0;
}
