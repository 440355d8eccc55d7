using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Auth;

/// <summary>
/// What a process keeps of the authority in <see cref="AuthOptions.KeptIn"/>, so that it starts while that is away. Files are there as a whole or not at all, only
/// their owner may read them, and one that is torn or of another authority is ignored. Without a directory nothing is kept. Thread-safe.
/// </summary>
internal sealed partial class Kept(AuthOptions options, ILogger<Kept> logger)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads what was kept under this name; null when there is nothing that can be used.</summary>
    /// <param name="name">The name.</param>
    /// <param name="use">Makes something of it. Throws where it is not what it should be.</param>
    public T? Read<T>(string name, Func<string, T> use)
        where T : class
    {
        if (options.KeptIn is not { } directory || new FileInfo(Path.Combine(directory, name)) is not { Exists: true } file)
            return null;
        try
        {
            if (file.Length > MaxBytes)
                throw new InvalidDataException("it is too large");
            var entry = JsonSerializer.Deserialize<Entry>(File.ReadAllText(file.FullName));
            return entry is { Content: { } content } && entry.Authority == options.Authority ? use(content) : throw new InvalidDataException("it is of another authority");
        }
        catch (Exception exception)
        {
            // Of what it has, which may be a token, nothing is told.
            LogIgnored(file.FullName, exception is InvalidDataException or IOException or UnauthorizedAccessException ? exception.Message : "it is torn");
            return null;
        }
    }

    /// <summary>Keeps this under a name, in place of what was there.</summary>
    public void Write(string name, string content)
    {
        if (options.KeptIn is not { } directory)
            return;
        var file = Path.Combine(directory, name);
        var part = $"{file}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(directory);
            var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                creation.UnixCreateMode = OwnerOnly;
            using (var stream = new FileStream(part, creation))
            {
                JsonSerializer.Serialize(stream, new Entry(options.Authority, content));
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, file, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotKept(file, exception.Message);
            if (File.Exists(part))
                File.Delete(part);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{File}, which was kept for when the authority is away, is ignored: {Why}")]
    private partial void LogIgnored(string file, string why);

    [LoggerMessage(LogLevel.Warning, "{File} cannot be written, which is kept for when the authority is away: {Cause}")]
    private partial void LogNotKept(string file, string cause);

    private sealed record Entry(string Authority, string Content);
}
