import formats


class DownloadQueue(list):
    def add(self, url, quality):
        assert quality in formats.QUALITIES
        self.append({"url": url, "quality": quality})
