/* mpi.c - cadre._mpi: pools of ranks. An extension of its own, as only this needs an MPI.
 * SPDX-License-Identifier: MIT
 *
 * It gives the other one the function that opens such a pool, and has no more of Python.
 */
#include "opener.h"

#include <cadre/mpi.h>

static int open_ranks(cadre_pool **out, const cadre_options *options, cadre_error *err)
{
    cadre_mpi_options o = { .pool = *options, .rank_kind = CADRE_RANK_PROCESSES };

    o.pool.backend = NULL;
    return cadre_mpi_open(out, MPI_COMM_WORLD, &o, err);
}

static struct cdp_opener opener = { open_ranks };

PyMODINIT_FUNC PyInit__mpi(void);

PyMODINIT_FUNC PyInit__mpi(void)
{
    static char doc[] =
        "Ranks of an MPI program as workers. Internal: backend=\"mpi\".";
    static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_name = "_mpi",
                                             .m_doc = doc, .m_size = -1 };
    PyObject *module = PyModule_Create(&definition);
    PyObject *capsule = PyCapsule_New(&opener, CDP_OPENER, NULL);

    if (module && capsule && !PyModule_AddObjectRef(module, "ranks", capsule)) {
        Py_DECREF(capsule);
        return module;
    }
    Py_XDECREF(module);
    Py_XDECREF(capsule);
    return NULL;
}
