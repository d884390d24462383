class Signalbox < Formula
  desc "One process that owns your OpenAI credentials and routing"
  homepage "https://github.com/signalbox-dev/signalbox"
  version "<< .Version >>"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "<< .darwin_arm64.URL >>"
      sha256 "<< .darwin_arm64.Sum >>"
    end
    on_intel do
      url "<< .darwin_amd64.URL >>"
      sha256 "<< .darwin_amd64.Sum >>"
    end
  end

  on_linux do
    on_arm do
      url "<< .linux_arm64.URL >>"
      sha256 "<< .linux_arm64.Sum >>"
    end
    on_intel do
      url "<< .linux_amd64.URL >>"
      sha256 "<< .linux_amd64.Sum >>"
    end
  end

  def install
    bin.install "signalbox"
    man1.install Dir["man/*.1"]
    bash_completion.install "completion/signalbox"
    zsh_completion.install "completion/_signalbox"
    fish_completion.install "completion/signalbox.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/signalbox version")
    ENV["CODEX_HOME"] = testpath
    assert_match "4", shell_output("#{bin}/signalbox ask --simulate -m gpt-5.2-codex 'What is 2+2?'")
  end
end
