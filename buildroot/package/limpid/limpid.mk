################################################################################
#
# limpid
#
################################################################################

# This tree is a folder of limpid's own sources: what is built is the checkout
# that it is in.
LIMPID_SITE = $(BR2_EXTERNAL_LIMPID_PATH)/..
LIMPID_SITE_METHOD = local
LIMPID_VERSION := $(or $(shell git -c safe.directory='*' -C $(LIMPID_SITE) \
	describe --tags --always --dirty 2>/dev/null),unknown)
LIMPID_LICENSE = Apache-2.0
LIMPID_LICENSE_FILES = LICENSE
# legal-info would copy the checkout with all that was built in it; the license
# does not ask for it.
LIMPID_REDISTRIBUTE = NO

# What make in the checkout leaves behind, this build's own output among it.
LIMPID_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude /.cache --exclude /.tools --exclude /out --exclude /limpid

LIMPID_GOMOD = limpid
LIMPID_BUILD_TARGETS = appliance
LIMPID_BIN_NAME = limpid
# One static binary: no C.
LIMPID_GO_ENV = CGO_ENABLED=0
LIMPID_LDFLAGS = -s -w -X main.version=$(LIMPID_VERSION)

ifeq ($(BR2_PACKAGE_LIMPID_TEST_HOOK),y)
LIMPID_TAGS += testimage
endif

# Go packages are built from vendor/, which Buildroot fills when it downloads a
# package. A local one is not downloaded, so it is filled here, unless the
# checkout has one (go mod vendor) because there is no network. go.sum has the
# hash of every module.
define LIMPID_VENDOR
	if [ ! -f $(LIMPID_SITE)/vendor/modules.txt ]; then \
		cd $(@D) && $(HOST_GO_TARGET_ENV) \
			GOFLAGS=-modcacherw \
			GOPROXY=$(or $(LIMPID_GOPROXY),https://proxy.golang.org$(comma)direct) \
			$(GO_BIN) mod vendor; \
	fi
endef
LIMPID_PRE_BUILD_HOOKS += LIMPID_VENDOR

# Who made the root file system, from which commit, and when that was (seconds
# since 1970): post-build.sh puts it in the place of Buildroot's own.
LIMPID_DATE := $(or $(shell git -c safe.directory='*' -C $(LIMPID_SITE) \
	log -1 --format=%ct 2>/dev/null),$(SOURCE_DATE_EPOCH))
define LIMPID_INSTALL_RELEASE
	mkdir -p $(TARGET_DIR)/usr/share/limpid
	printf '%s\n' \
		'NAME=limpid' \
		'ID=limpid' \
		'PRETTY_NAME="limpid $(LIMPID_VERSION)"' \
		'IMAGE_ID=limpid-x86_64' \
		'IMAGE_VERSION="$(LIMPID_VERSION)"' \
		'VARIANT_ID=buildroot' \
		'BUILD_ID=$(LIMPID_DATE)' \
		>$(TARGET_DIR)/usr/share/limpid/os-release
endef
LIMPID_POST_INSTALL_TARGET_HOOKS += LIMPID_INSTALL_RELEASE

# The root file system is one cpio that stays in memory: the kernel starts
# /init, and what Buildroot would put there is left out because it exists.
ifeq ($(BR2_INIT_LIMPID),y)
define LIMPID_INSTALL_INIT
	ln -sf usr/bin/limpid $(TARGET_DIR)/init
	mkdir -p $(TARGET_DIR)/data $(TARGET_DIR)/var/lib $(TARGET_DIR)/var/log
	ln -sfn ../run $(TARGET_DIR)/var/run
endef
LIMPID_POST_INSTALL_TARGET_HOOKS += LIMPID_INSTALL_INIT
endif

$(eval $(golang-package))
