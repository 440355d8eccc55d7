using System.Diagnostics;
using System.Reflection;
using Microservices.Tests.Support;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>The processes of the suite, as their programs make them, but not started.</summary>
internal static class ServiceProcess
{
    /// <summary>The folder of each: "services/Orders". A new one is found by its project.</summary>
    public static IReadOnlyList<string> Folders { get; } =
    [
        .. Directory.GetDirectories(Path.Combine(Needs.Root, "services"))
            .Append(Path.Combine(Needs.Root, "gateway"))
            .Where(folder => Directory.GetFiles(folder, "*.csproj").Length == 1)
            .Select(folder => Path.GetRelativePath(Needs.Root, folder))
            .Order(),
    ];

    /// <summary>Its assembly, built as the tests are.</summary>
    public static Assembly Assembly(string folder) => System.Reflection.Assembly.LoadFrom(ReplicaProcess.AssemblyOf(folder));

    // Other tests make hosts at the same time.
    private static readonly AsyncLocal<bool> IsAsking = new();

    /// <summary>Runs the program until it has made its host, and returns what is asked of its services.</summary>
    public static T Ask<T>(string folder, string[] settings, Func<IServiceProvider, T> ask)
    {
        var found = default(T);
        using var subscription = DiagnosticListener.AllListeners.Subscribe(new Observer<DiagnosticListener>(listener =>
        {
            if (listener.Name == "Microsoft.Extensions.Hosting")
            {
                listener.Subscribe(new Observer<KeyValuePair<string, object?>>(message =>
                {
                    if (!IsAsking.Value || message is not { Key: "HostBuilt", Value: IHost host })
                        return;
                    found = ask(host.Services);
                    host.Dispose();
                    throw new BuiltException();
                }));
            }
        }));
        IsAsking.Value = true;
        try
        {
            Assembly(folder).EntryPoint!.Invoke(null, [settings]);
        }
        catch (TargetInvocationException invoked) when (invoked.InnerException is BuiltException)
        {
            return found!;
        }

        finally
        {
            IsAsking.Value = false;
        }

        throw new InvalidOperationException($"{folder} has made no host");
    }

    private sealed class BuiltException : Exception;

    private sealed class Observer<T>(Action<T> next) : IObserver<T>
    {
        public void OnNext(T value) => next(value);

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
