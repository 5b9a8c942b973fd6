package status

import (
	"testing"
	"testing/fstest"

	"github.com/talkgate/talkgate/state/fleet"
)

// sysOf is a made /sys.
func sysOf(files map[string]string) boardHealth {
	sys := fstest.MapFS{}
	for name, text := range files {
		sys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return boardHealth{sys}
}

func TestBoardHealth(t *testing.T) {
	const throttled = "devices/platform/soc/soc:firmware/get_throttled"
	for name, tc := range map[string]struct {
		files     map[string]string
		celsius   float64 // 0 is none
		throttled fleet.Throttled
	}{
		"nothing": {},
		"a Pi that is well": {map[string]string{
			"class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "48312\n", throttled: "0\n",
		}, 48.312, 0},
		"a Pi on a weak supply": {map[string]string{
			"class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "80500\n", throttled: "50005\n",
		}, 80.5, 0x50005},
		"a Pi 5": {map[string]string{
			"class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "61000\n",
			"devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0x8\n",
		}, 61, fleet.SoftHeatLimit},
		"a PC: the processor counts, not the warmer wireless card": {map[string]string{
			"class/thermal/thermal_zone0/type": "acpitz\n", "class/thermal/thermal_zone0/temp": "27800\n",
			"class/thermal/thermal_zone1/type": "x86_pkg_temp\n", "class/thermal/thermal_zone1/temp": "55000\n",
			"class/thermal/thermal_zone2/type": "iwlwifi_1\n", "class/thermal/thermal_zone2/temp": "70000\n",
		}, 55, 0},
		"only others": {map[string]string{
			"class/thermal/thermal_zone0/type": "acpitz\n", "class/thermal/thermal_zone0/temp": "27800\n",
			"class/thermal/thermal_zone1/type": "battery\n", "class/thermal/thermal_zone1/temp": "31000\n",
		}, 31, 0},
		"garbage": {map[string]string{
			"class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "hot\n",
			"class/thermal/thermal_zone1/temp": "-274000\n", throttled: "fine\n",
		}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := sysOf(tc.files).read()
			if (got.Celsius == nil) != (tc.celsius == 0) || got.Celsius != nil && *got.Celsius != tc.celsius {
				t.Errorf("temperature %v, expected %v", got.Celsius, tc.celsius)
			}
			if got.Throttled != tc.throttled {
				t.Errorf("throttled %#x, expected %#x", got.Throttled, tc.throttled)
			}
		})
	}
}

func FuzzBoardHealth(f *testing.F) {
	f.Add("cpu-thermal\n", "48312\n", "50005\n")
	f.Fuzz(func(t *testing.T, kind, temp, throttled string) {
		b := sysOf(map[string]string{"class/thermal/thermal_zone0/type": kind, "class/thermal/thermal_zone0/temp": temp,
			"devices/platform/soc/soc:firmware/get_throttled": throttled}).read()
		r := fleet.Report{V: fleet.ReportVersion, Gateway: "a", Board: b}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}
