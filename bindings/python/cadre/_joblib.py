# _joblib.py - cadre as a backend of joblib.
# SPDX-License-Identifier: MIT
"""register_joblib."""
import functools

from ._options import Options
from ._pool import Pool


def register_joblib():
    """Make cadre a backend of joblib: joblib.parallel_backend("cadre", n_jobs=2).

    What joblib.Parallel and scikit-learn's n_jobs then run, runs in processes that are
    forked for each batch: functions, models and data are inherited and not pickled, only
    results travel. Errors, order and batches are joblib's.

    >>> import cadre, joblib
    >>> cadre.register_joblib()
    >>> with joblib.parallel_backend("cadre", n_jobs=2):
    ...     joblib.Parallel()(joblib.delayed(lambda x: x * x)(i) for i in range(4))
    [0, 1, 4, 9]
    """
    import joblib  # not everybody has it
    joblib.register_parallel_backend("cadre", _backend())


@functools.cache
def _backend():
    """The class, once joblib is there to derive it from."""
    # As above: not everybody has it.
    from joblib._parallel_backends import AutoBatchingMixin, ParallelBackendBase

    class CadreBackend(AutoBatchingMixin, ParallelBackendBase):
        """joblib's contract for backends, on cadre.Pool."""

        supports_timeout = True
        uses_threads = False
        supports_sharedmem = False
        _pool = None

        def effective_n_jobs(self, n_jobs):
            """How many workers n_jobs stands for."""
            if n_jobs == 0:
                raise ValueError("n_jobs == 0 in Parallel has no meaning")
            if n_jobs is None or n_jobs == 1:
                return 1
            usable = Options(backend="processes").pool().workers
            return n_jobs if n_jobs > 0 else max(1, usable + 1 + n_jobs)

        def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **options):
            """Workers for a Parallel; in place if it is one."""
            # As above.
            from joblib._parallel_backends import FallbackToBackend, SequentialBackend
            n_jobs = self.effective_n_jobs(n_jobs)
            if n_jobs == 1:
                raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
            self.parallel = parallel
            self._pool = Pool(n_jobs, "processes")
            return n_jobs

        def apply_async(self, func, callback=None):
            """Run a batch; callback when it is done."""
            future = self._pool.submit(func)
            future.get = future.result
            if callback is not None:
                future.add_done_callback(callback)
            return future

        submit = apply_async

        def terminate(self):
            """The Parallel is over."""
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)

        def abort_everything(self, ensure_ready=True):
            """A batch has failed: begin no other."""
            n_jobs = self._pool.workers if self._pool is not None else 1
            self.terminate()
            if ensure_ready:
                self.configure(n_jobs=n_jobs, parallel=self.parallel)

    return CadreBackend
