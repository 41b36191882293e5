# The commands of the README, each a line or two of Meson. Nothing else is built here.
#
#   make run            build the program, and run the main job
#   make test           build everything, and pass the tests
#   make bench          build, and measure beside other libraries
#   make install        build and install (PREFIX=/usr/local, DESTDIR=)
#   make sanitize       the larger tests, and the others under the sanitizers and valgrind
#   make check-clang    most tests, built by clang;
#   make check-musl     ... with musl's C library;
#   make check-aarch64  ... for aarch64, under qemu
#   make check-peers    its statistics beside SciPy, scikit-learn, and R's boot and pROC
#   make setup          install the packages for FOR="run test"; FOR=all for all of these
#   make format         lay out the code
#
# run, test, setup and the checks install missing packages where they may; the others name them.

BUILD ?= build
PREFIX ?= /usr/local
FOR ?= run test

.PHONY: all run test bench install sanitize check-clang check-musl check-aarch64 check-peers
.PHONY: setup format clean
all: $(BUILD)/build.ninja
	@meson compile -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || tools/setup.sh --look run
	@meson setup $(BUILD) --prefix=$(PREFIX) --libdir=lib -Ddefault_library=both \
		-Dtests=disabled -Dbench=disabled -Ddebug=false # with it, a sixth longer

setup:
	@tools/setup.sh $(FOR)

run:
	@tools/setup.sh run
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@meson compile -C $(BUILD) program
	@BUILD=$(BUILD) examples/breast_cancer.sh

test:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@tools/options.py $(BUILD) tests=enabled bench=auto
	@meson compile -C $(BUILD)
	@tools/test.py $(BUILD) --no-suite larger

bench: $(BUILD)/build.ninja
	@tools/setup.sh --look bench
	@tools/options.py $(BUILD) bench=auto
	@meson compile -C $(BUILD)
	@bench/run.py --build $(BUILD)

install: $(BUILD)/build.ninja
	@tools/options.py $(BUILD) prefix=$(abspath $(PREFIX))
	@meson compile -C $(BUILD)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild
	@test -n "$(DESTDIR)" || ldconfig 2>/dev/null || true # only root may, and need

sanitize:
	@tools/sanitize.sh

check-clang check-musl check-aarch64:
	@tools/check.sh $(@:check-%=%)

check-peers: $(BUILD)/build.ninja
	@tools/setup.sh --look peers
	@meson compile -C $(BUILD) program
	@/usr/bin/python3 -B tests/peers/check_peers.py --cadre $(BUILD)/cadre --r

format:
	@git ls-files '*.c' '*.h' '*.cc' '*.cpp' '*.hpp' | xargs clang-format -i

clean:
	rm -rf $(BUILD) build-*
