// tflite-micro of July 2020 under the names that it has today, so that examples of today compile against it and run in it. It is
// the last one that a package registry holds as source (crate tfmicro 0.1.0, TensorFlow 33689c48ad):
//
//   g++ -include tasks/parity/tflite_micro_2020.h example.cc model_data.cc <its library>
//
// What differs: the interpreter wanted an error reporter, called Reset() ResetVariableTensors(), and operators were registered by
// number and version. Operators that came later (LSTM among them) are not there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tflite {

template <unsigned int count>
class MicroMutableOpResolverToday {
 public:
  TfLiteStatus AddConv2D() { return Add(BuiltinOperator_CONV_2D, ops::micro::Register_CONV_2D()); }
  TfLiteStatus AddFullyConnected() { return Add(BuiltinOperator_FULLY_CONNECTED, ops::micro::Register_FULLY_CONNECTED()); }
  TfLiteStatus AddMean() { return Add(BuiltinOperator_MEAN, ops::micro::Register_MEAN()); }
  TfLiteStatus AddReshape() { return Add(BuiltinOperator_RESHAPE, ops::micro::Register_RESHAPE()); }
  TfLiteStatus AddSoftmax() { return Add(BuiltinOperator_SOFTMAX, ops::micro::Register_SOFTMAX()); }
  operator const MicroOpResolver&() const { return resolver_; }

 private:
  static constexpr int kVersions = 6;
  TfLiteStatus Add(BuiltinOperator op, TfLiteRegistration* registration) {
    return resolver_.AddBuiltin(op, registration, 1, kVersions);
  }
  MicroMutableOpResolver<count * kVersions> resolver_;
};

class MicroInterpreterToday : public MicroInterpreter {
 public:
  MicroInterpreterToday(const Model* model, const MicroOpResolver& resolver, uint8_t* arena, size_t size)
      : MicroInterpreter(model, resolver, arena, size, &reporter_) {}
  TfLiteStatus Reset() { return ResetVariableTensors(); }

 private:
  MicroErrorReporter reporter_;
};

}  // namespace tflite

#define MicroInterpreter MicroInterpreterToday
#define MicroMutableOpResolver MicroMutableOpResolverToday
