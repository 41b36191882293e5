# The commands of the README, each a line or two of Meson. Nothing else is built here.
#
#   make run       set up, build, and run the main job
#   make test      set up, build, and pass the tests
#   make bench     set up, build, and measure beside other libraries
#   make install   build and install (PREFIX=/usr/local, DESTDIR=)
#   make sanitize  the tests under the sanitizers and valgrind
#   make format    lay out the code

BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all run test bench install sanitize format setup clean
all: setup
	@meson compile -C $(BUILD)

setup:
	@tools/setup.sh
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX) --libdir=lib

run: all
	@BUILD=$(BUILD) examples/breast_cancer.sh

test: all
	@tools/test.py $(BUILD)

bench: setup
	@tools/setup.sh --peers
	@meson configure $(BUILD) -Dbench=auto
	@meson compile -C $(BUILD)
	@bench/run.py --build $(BUILD)

install: all
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD)
	@test -n "$(DESTDIR)" || ldconfig 2>/dev/null || true # only root may, and need

sanitize: setup
	@tools/sanitize.sh

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD) build-*
